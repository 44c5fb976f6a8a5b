#!/usr/bin/env node
import { endQuietlyWhenNobodyReads, hideNotices } from './output.js';
import { lecternProgram, reportFailure } from './program.js';

hideNotices();
endQuietlyWhenNobodyReads();
try {
  await (await lecternProgram(process.argv.slice(2))).parseAsync();
} catch (error) {
  reportFailure(error);
}
