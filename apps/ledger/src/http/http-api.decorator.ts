import { applyDecorators, Controller, UseFilters, UsePipes, ValidationPipe } from '@nestjs/common';
import { UnavailableFilter } from './unavailable.filter.js';

/**
 * A controller that checks what it is sent and says when a server is away. Bound to the controller and not to the whole
 * application, because global pipes and filters would apply to stream handlers as well, which have their own of both.
 */
export function HttpApi(path: string): ClassDecorator {
  return applyDecorators(
    Controller(path),
    UsePipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true })),
    UseFilters(UnavailableFilter),
  );
}
