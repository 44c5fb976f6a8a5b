/** What rooms that hold no models need to say about one: the types of `mongoose`, under a name of this room. */
export type { Model, QueryFilter, UpdateQuery } from 'mongoose';
