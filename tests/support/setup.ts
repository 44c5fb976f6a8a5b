import 'reflect-metadata';
import { afterAll } from 'vitest';
import { endChildren } from './children.js';

// For every file: no process outlives the tests that started it.
afterAll(endChildren);
