import 'reflect-metadata';
import * as common from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as db from '@safesync/db';
import * as queue from '@safesync/queue';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import handleOneMessage from './one-message.cjs';

await handleOneMessage({ common, NestFactory, db, queue, Redis, createConnection });
