import { register } from 'node:module';

register('./hooks.js', import.meta.url, { data: { ablation: process.env.MODEL_ABLATION } });
