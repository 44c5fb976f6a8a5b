#!/usr/bin/env node
import { lecternProgram, reportFailure } from './program.js';

await lecternProgram().parseAsync().catch(reportFailure);
