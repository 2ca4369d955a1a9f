import { Controller, Get, Res, type Type } from '@nestjs/common';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import { asPythonWritesBounds } from './exposition.js';

/**
 * The controller of `GET <path>`, a class of its own for each module: the path is kept on the class, and two applications in
 * one process may serve different ones.
 */
export function makeMetricsController(): Type<PrometheusController> {
  @Controller()
  class MetricsController extends PrometheusController {
    @Get()
    override async index(@Res({ passthrough: true }) response: unknown): Promise<string> {
      return asPythonWritesBounds(await super.index(response));
    }
  }
  return MetricsController;
}
