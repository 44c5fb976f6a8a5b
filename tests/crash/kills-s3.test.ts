import { killSuite } from './kills.js';

killSuite('s3');
