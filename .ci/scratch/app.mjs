import 'reflect-metadata';
import * as common from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as db from '@safesync/db';
import * as metrics from '@safesync/metrics';
import * as queue from '@safesync/queue';
import * as testing from '@safesync/testing';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { register } from 'prom-client';
import handleOneMessage from './one-message.cjs';

await handleOneMessage({ common, NestFactory, db, metrics, queue, testing, Redis, createConnection, register });
