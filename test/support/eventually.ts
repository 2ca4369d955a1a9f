export { type EventuallyOptions, eventually } from '@safesync/testing';
