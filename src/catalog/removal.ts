import type { Model } from '../database/model.js';
import { withBulkheads } from '../media/bulkhead.js';
import type { DocumentOwners } from '../media/document-owners.js';
import type { LifeCycle } from '../media/life-cycle.js';
import type { OwnerDocument, OwnerState } from '../media/slot-owner.js';
import { batches } from '../media/upkeep/batches.js';
import type { Removals } from '../media/upkeep/sweep.js';
import type { Telemetry } from '../telemetry.js';
import { within } from '../within.js';
import { CourseModel } from './course/course.model.js';
import { courses, images, topics, videos } from './slot-owners.js';
import { TopicModel } from './topic/topic.model.js';

/** A kind of record, the kind that it belongs to, and the kind that belongs to it. */
interface Level {
  readonly owners: DocumentOwners;
  readonly parent?: {
    /** The field that names the parent. */
    readonly idField: string;
    /** The parents, and the field in which they keep the order of these records. */
    readonly model: Model<OwnerDocument>;
    readonly orderField: string;
  };
  readonly children?: Level;
}

const IMAGES: Level = { owners: images };
const VIDEOS: Level = {
  owners: videos,
  parent: { idField: 'topicId', model: TopicModel as unknown as Model<OwnerDocument>, orderField: 'videoIds' },
};
const TOPICS: Level = {
  owners: topics,
  parent: { idField: 'courseId', model: CourseModel as unknown as Model<OwnerDocument>, orderField: 'topicIds' },
  children: VIDEOS,
};
const COURSES: Level = { owners: courses, children: TOPICS };
/** Parents before their children. */
const LEVELS = [COURSES, TOPICS, VIDEOS, IMAGES];

/** How many records are taken in hand at once. */
const BATCH = 100;
/** How often a batch of children may be lost to other changes in a row. */
const MAX_LOST_BATCHES = 100;
/** How long a deletion waits for its cascade, in milliseconds. The sweeper finishes it. */
const CASCADE_WITHIN_MS = 2_000;

/**
 * The cascade. A record is marked as deleted in one update, and from then on it and all below it are gone for readers;
 * then what is below it is marked. Every step can be repeated, and the sweeper does so after a crash.
 */
export class Removal implements Removals {
  constructor(
    private readonly lifeCycle: LifeCycle,
    private readonly telemetry: Telemetry,
  ) {}

  /** Deletes a course with all below it. Returns false when there was no such living course. */
  course(id: string): Promise<boolean> {
    return this.delete(COURSES, id);
  }

  /** Deletes a topic with all below it. Returns false when there was no such living topic. */
  topic(id: string): Promise<boolean> {
    return this.delete(TOPICS, id);
  }

  /** Deletes a video with its files. Returns false when there was no such living video. */
  video(id: string): Promise<boolean> {
    return this.delete(VIDEOS, id);
  }

  /** Deletes an image with its file. Returns false when there was no such living image. */
  image(id: string): Promise<boolean> {
    return this.delete(IMAGES, id);
  }

  async finish(): Promise<void> {
    for (const level of LEVELS) {
      for await (const tombstones of batches(level.owners.tombstones(), BATCH)) {
        await withBulkheads(
          tombstones,
          (some) => this.cascade(level, some),
          ({ id }, error) => {
            this.telemetry.logger.warn(
              { err: error, id },
              'could not finish a deletion; the next sweep will try again',
            );
          },
        );
      }
    }
  }

  async removeTombstones(before: Date): Promise<void> {
    for (const { owners, children } of LEVELS.toReversed()) {
      for await (const tombstones of batches(owners.tombstones(), BATCH)) {
        const ids = tombstones.map(({ id }) => id);
        const parents = new Set(await this.parentsOfLiving(children, ids));
        await owners.removeTombstones(
          ids.filter((id) => !parents.has(id)),
          before,
        );
      }
    }
  }

  /** What is marked is deleted: a cascade that fails or takes long holds up no answer. */
  private async delete(level: Level, id: string): Promise<boolean> {
    const { owners } = level;
    if (!(await this.lifeCycle.deleteOwner(owners, id))) return false;
    const cascade = async (): Promise<void> => {
      const tombstone = await owners.read(id);
      if (tombstone) await this.cascade(level, [tombstone]);
    };
    const finished = cascade().catch((error: unknown) => {
      this.telemetry.logger.warn({ err: error, id }, 'left the rest of a deletion to the sweeper');
    });
    await within(CASCADE_WITHIN_MS, finished, () => undefined);
    return true;
  }

  /** Takes deleted records out of their parents' order, and deletes what is alive below them. */
  private async cascade({ parent, children }: Level, deleted: readonly OwnerState[]): Promise<void> {
    const ids = deleted.map(({ id }) => id);
    if (parent) {
      const { idField, model, orderField } = parent;
      const parentIds = deleted.map(({ document }) => document[idField]).filter((id) => id !== undefined);
      const holding = { _id: { $in: parentIds }, [orderField]: { $in: ids }, deletedAt: { $exists: false } };
      await model.updateMany(holding, { $pull: { [orderField]: { $in: ids } } });
    }
    if (children) await this.deleteBelow(children, ids);
  }

  private async deleteBelow({ owners, parent, children }: Level, parentIds: readonly string[]): Promise<void> {
    if (!parent) return;
    for (let lost = 0; lost < MAX_LOST_BATCHES;) {
      const living = await owners.living({ [parent.idField]: { $in: parentIds } }, BATCH);
      if (living.length === 0) return;
      const deleted = await this.lifeCycle.deleteOwners(owners, living);
      lost = deleted.size === 0 ? lost + 1 : 0;
      if (children) await this.deleteBelow(children, [...deleted]);
    }
    throw new Error(`Records below ${parentIds.join(', ')} could not be marked as deleted.`);
  }

  private async parentsOfLiving(children: Level | undefined, ids: readonly string[]): Promise<readonly unknown[]> {
    if (!children?.parent) return [];
    const { idField } = children.parent;
    const living = await children.owners.living({ [idField]: { $in: ids } }, BATCH);
    return living.length < BATCH ? living.map(({ document }) => document[idField]) : ids;
  }
}
