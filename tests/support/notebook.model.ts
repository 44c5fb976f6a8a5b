import { getModelForClass, modelOptions, prop } from '@typegoose/typegoose';
import { documentOwners } from '../../src/media/document-owners.js';
import { MediaFile } from '../../src/media/media-file.model.js';
import { OwnerRecord } from '../../src/media/owner-record.model.js';
import type { MediaSlot, SlotRules } from '../../src/media/slots.js';

/** A record for tests only, with one file in a slot that is not in the slot table. */
@modelOptions({ schemaOptions: { collection: 'notebooks', versionKey: false } })
class Notebook extends OwnerRecord {
  @prop({ type: () => String, required: true })
  _id!: string;

  @prop({ type: () => MediaFile })
  page?: MediaFile;
}

export const NotebookModel = getModelForClass(Notebook);

export const NOTEBOOK_PAGE = 'NOTEBOOK_PAGE' as MediaSlot;

/** Its row for the slot table. */
export const pageRules: SlotRules = {
  what: 'page of a notebook',
  slot: NOTEBOOK_PAGE,
  prefix: 'notebook-pages',
  accepts: ['image/png', 'image/gif'],
  defaultMaxBytes: 1_000_000,
  maxBytes: 1_000_000,
  lifetime: 'image',
  urlTtlSeconds: 600,
  disposition: 'inline',
};

/** The owner. */
export const notebooks = documentOwners(NotebookModel);
export const pageOwner = notebooks.file('page');
