require('reflect-metadata');
const common = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const db = require('@safesync/db');
const metrics = require('@safesync/metrics');
const queue = require('@safesync/queue');
const testing = require('@safesync/testing');
const { Redis } = require('ioredis');
const { createConnection } = require('mysql2/promise');
const { register } = require('prom-client');
const handleOneMessage = require('./one-message.cjs');

handleOneMessage({ common, NestFactory, db, metrics, queue, testing, Redis, createConnection, register }).catch(
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
