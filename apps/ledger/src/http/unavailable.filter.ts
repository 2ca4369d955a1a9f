import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SafeSyncError } from '@safesync/core';
import { RedisReplyError } from '@safesync/queue';

/** Facts about the moment, not about the request: the same request may succeed later, and may be sent again. */
const PASSING: ReadonlySet<string> = new Set([
  'REDIS_UNAVAILABLE',
  'REDIS_CONNECTION_LOST',
  'PUBLISH_OUTCOME_UNKNOWN',
  'CONNECTION_LOST',
  'COMMIT_OUTCOME_UNKNOWN',
  'ACQUIRE_TIMEOUT',
  'SERVER_READ_ONLY',
]);

/** What Redis refuses today and takes tomorrow: it loads its data, changes its primary, or is full. */
const PASSING_REPLIES: ReadonlySet<string> = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'OOM']);

const RETRY_AFTER_SECONDS = '1';

/**
 * Answers 503 with Retry-After and the remedy when the database or Redis is away, 500 with the code for any other error of
 * the library. Every route of the ledger may be repeated with the same id, so "maybe done" is answered as "send it again".
 */
@Catch(SafeSyncError)
export class UnavailableFilter implements ExceptionFilter<SafeSyncError> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: SafeSyncError, context: ArgumentsHost): void {
    const { code, message, remedy } = error;
    const { httpAdapter } = this.host;
    const response: unknown = context.switchToHttp().getResponse();
    if (!isPassing(error)) {
      httpAdapter.reply(response, { error: 'Internal Server Error', code }, HttpStatus.INTERNAL_SERVER_ERROR);
      return;
    }
    httpAdapter.setHeader(response, 'Retry-After', RETRY_AFTER_SECONDS);
    httpAdapter.reply(
      response,
      { error: 'Service Unavailable', code, message, remedy },
      HttpStatus.SERVICE_UNAVAILABLE,
    );
  }
}

function isPassing(error: SafeSyncError): boolean {
  return PASSING.has(error.code) || (error instanceof RedisReplyError && PASSING_REPLIES.has(error.replyCode));
}
