import { getModelForClass, modelOptions, prop } from '@typegoose/typegoose';

/** Says which server does a background task for all servers, and until when. */
@modelOptions({ schemaOptions: { collection: 'leases', versionKey: false } })
export class Lease {
  /** The name of the task. */
  @prop({ type: () => String, required: true })
  _id!: string;

  /** The server: a random id, created at its start. */
  @prop({ type: () => String, required: true })
  holder!: string;

  /** From then on, another server may take over the task. */
  @prop({ type: () => Date, required: true })
  until!: Date;
}

export const LeaseModel = getModelForClass(Lease);
