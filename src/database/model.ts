/** The types of `mongoose` for folders that use models but may not import `mongoose`. */
export type { Model, QueryFilter, UpdateQuery } from 'mongoose';
