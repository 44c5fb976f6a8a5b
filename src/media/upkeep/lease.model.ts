import { getModelForClass, modelOptions, prop } from '@typegoose/typegoose';

/** Who does a piece of work that one server does for all, and until when. */
@modelOptions({ schemaOptions: { collection: 'leases', versionKey: false } })
export class Lease {
  /** The name of the work. */
  @prop({ type: () => String, required: true })
  _id!: string;

  @prop({ type: () => String, required: true })
  holder!: string;

  @prop({ type: () => Date, required: true })
  until!: Date;
}

export const LeaseModel = getModelForClass(Lease);
