require('reflect-metadata');
const common = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const db = require('@safesync/db');
const queue = require('@safesync/queue');
const { Redis } = require('ioredis');
const { createConnection } = require('mysql2/promise');
const handleOneMessage = require('./one-message.cjs');

handleOneMessage({ common, NestFactory, db, queue, Redis, createConnection }).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
