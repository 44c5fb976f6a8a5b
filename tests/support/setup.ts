import 'reflect-metadata';
import { afterAll } from 'vitest';
import { endChildren } from './children.js';

// For every test file: ends the processes that its tests have started.
afterAll(endChildren);
