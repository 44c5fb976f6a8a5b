import { getModelForClass, modelOptions, prop } from '@typegoose/typegoose';

/** Which server does a piece of background work for all servers, and until when. */
@modelOptions({ schemaOptions: { collection: 'leases', versionKey: false } })
export class Lease {
  /** The name of the work. */
  @prop({ type: () => String, required: true })
  _id!: string;

  /** The server: a random id, made at its start. */
  @prop({ type: () => String, required: true })
  holder!: string;

  /** When another server may take the work over. */
  @prop({ type: () => Date, required: true })
  until!: Date;
}

export const LeaseModel = getModelForClass(Lease);
