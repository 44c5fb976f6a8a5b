import type { Model } from '../database/model.js';
import { withBulkheads } from '../media/bulkhead.js';
import type { DocumentOwners } from '../media/document-owners.js';
import type { LifeCycle } from '../media/life-cycle.js';
import type { OwnerDocument, OwnerRecordAsRead, OwnerState } from '../media/slot-owner.js';
import { batches } from '../media/upkeep/batches.js';
import type { Removals } from '../media/upkeep/sweep.js';
import type { Telemetry } from '../telemetry.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { within } from '../within.js';
import { CourseModel, type Course } from './course/course.model.js';
import type { Image } from './image/image.model.js';
import { courses, images, topics, videos } from './slot-owners.js';
import { TopicModel, type Topic } from './topic/topic.model.js';
import type { Video } from './video/video.model.js';

/** One kind of record, with its parents and its children. */
interface Level {
  readonly owners: DocumentOwners;
  readonly parent?: {
    /** The field that holds the parent's id. */
    readonly idField: string;
    /** The model of the parents, and their field with the ordered ids of these records. */
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
/** Every level, parents before children. */
const LEVELS = [COURSES, TOPICS, VIDEOS, IMAGES];

/** How many records are read and marked at once. */
const BATCH = 100;
/** After this many consecutive batches in which every child was changed by another request, the cascade fails. */
const MAX_LOST_BATCHES = 100;

/**
 * Deletes records with their children (the cascade). One update marks the record as deleted; from then on neither it
 * nor its children can be read. Then the children are marked. Every step can be repeated, and after a crash the sweeper
 * does so.
 */
export class Removal implements Removals {
  /** @param cascadeMs How long a request waits for the cascade of its deletion, in milliseconds. */
  constructor(
    private readonly lifeCycle: LifeCycle,
    private readonly telemetry: Telemetry,
    private readonly cascadeMs: number = DEFAULT_TIMINGS.cascade,
  ) {}

  // `seen` is the record as it was read to check access. Without it, or when it has changed since, the record is read here.

  /** Deletes a course with its topics and videos. Returns false when it does not exist or is already deleted. */
  course(id: string, seen?: Course): Promise<boolean> {
    return this.delete(COURSES, id, seen);
  }

  /** Deletes a topic with its videos. Returns false when it does not exist or is already deleted. */
  topic(id: string, seen?: Topic): Promise<boolean> {
    return this.delete(TOPICS, id, seen);
  }

  /** Deletes a video with its files. Returns false when it does not exist or is already deleted. */
  video(id: string, seen?: Video): Promise<boolean> {
    return this.delete(VIDEOS, id, seen);
  }

  /** Deletes an image with its file. Returns false when it does not exist or is already deleted. */
  image(id: string, seen?: Image): Promise<boolean> {
    return this.delete(IMAGES, id, seen);
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
              'could not finish the cascade of a deletion; the next sweep will try again',
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

  /** Once the record is marked, the deletion has succeeded, even if its cascade fails or takes long. */
  private async delete(level: Level, id: string, seen?: OwnerRecordAsRead): Promise<boolean> {
    const deleted = await this.lifeCycle.deleteOwner(level.owners, id, seen && level.owners.stateOf(seen));
    if (!deleted) return false;
    const finished = this.cascade(level, [deleted]).catch((error: unknown) => {
      this.telemetry.logger.warn({ err: error, id }, 'could not finish the cascade of a deletion; the sweeper will');
    });
    await within(this.cascadeMs, finished, () => undefined);
    return true;
  }

  /** Removes the ids of deleted records from their parents' lists, and deletes their children. */
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
    throw new Error(`Children of ${parentIds.join(', ')} could not be marked as deleted: others keep changing them.`);
  }

  /** Returns those of the ids that may have children which are not deleted. If there are many children: all ids. */
  private async parentsOfLiving(children: Level | undefined, ids: readonly string[]): Promise<readonly unknown[]> {
    if (!children?.parent) return [];
    const { idField } = children.parent;
    const living = await children.owners.living({ [idField]: { $in: ids } }, BATCH);
    return living.length < BATCH ? living.map(({ document }) => document[idField]) : ids;
  }
}
