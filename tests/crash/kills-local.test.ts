import { killSuite } from './kills.js';

killSuite('local');
