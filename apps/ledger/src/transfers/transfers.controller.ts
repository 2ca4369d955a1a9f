import { Body, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { DbSessions } from '@safesync/db';
import { StreamPublisher } from '@safesync/queue';
import { HttpApi } from '../http/http-api.decorator.js';
import { TransferDto, TransferParams } from './transfer.dto.js';
import { TRANSFERS } from './transfer.stream.js';

type TransferView = {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  readonly status: 'completed' | 'rejected';
};

@HttpApi('transfers')
export class TransfersController {
  constructor(
    private readonly publisher: StreamPublisher,
    private readonly sessions: DbSessions,
  ) {}

  /** 202: the transfer is in the stream and will be booked once, however often it is sent. */
  @Post()
  @HttpCode(202)
  async request(@Body() { id, from, to, amount }: TransferDto): Promise<{ id: string }> {
    await this.publisher.publish(TRANSFERS, { id, from, to, amount }, { id });
    return { id };
  }

  @Get(':id')
  async find(@Param() { id }: TransferParams): Promise<TransferView> {
    const select = 'SELECT id, from_account AS `from`, to_account AS `to`, amount, status FROM transfer WHERE id = :id';
    const transfer = await this.sessions.run((session) => session.fetchOne<TransferView>(select, { id }), {
      readOnly: true,
    });
    if (!transfer)
      throw new NotFoundException(`Transfer "${id}" is not booked: it was never sent, or is still on its way.`);
    return transfer;
  }
}
