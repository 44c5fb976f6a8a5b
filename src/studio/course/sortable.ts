import { attachClosestEdge, extractClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge';
import type { Edge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/types';
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine';
import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import { announce } from '../ui/announce.js';
import type { MenuItem } from '../ui/menu.js';
import { words } from '../words.js';

/** A list whose members can be moved. */
export interface SortableList {
  readonly ids: readonly string[];
  readonly onOrder: (ids: readonly string[]) => void;
}

export interface SortableItem {
  /** The element that is dragged and dropped upon. */
  readonly row: RefObject<HTMLLIElement | null>;
  /** The part of it that is taken hold of. */
  readonly handle: RefObject<HTMLSpanElement | null>;
  /** The edge at which a dragged row would be put. */
  readonly edge: 'top' | 'bottom' | null;
  readonly isDragged: boolean;
  /** For those who do not drag. */
  readonly commands: readonly MenuItem[];
  /** Moves the row by Alt and an arrow. */
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** The row whose handle is focused again after its move, which takes the focus from it. */
let moved: string | null = null;

/** Makes a row of a list movable: by its handle, by a menu and by keys. */
export function useSortable({ ids, onOrder }: SortableList, id: string, title: string): SortableItem {
  const row = useRef<HTMLLIElement>(null);
  const handle = useRef<HTMLSpanElement>(null);
  const [edge, setEdge] = useState<Edge | null>(null);
  const [isDragged, setDragged] = useState(false);
  const place = ids.indexOf(id);

  const moveTo = (target: number, from = id): void => {
    const others = ids.filter((one) => one !== from);
    const next = [...others.slice(0, target), from, ...others.slice(target)];
    if (next.every((one, index) => one === ids[index])) return;
    moved = from;
    if (from === id) announce(words.course.moved(title, target + 1, ids.length));
    onOrder(next);
  };
  const latest = useRef(moveTo);
  useEffect(() => {
    latest.current = moveTo;
  });
  useLayoutEffect(() => {
    if (moved !== id) return;
    moved = null;
    handle.current?.querySelector('button')?.focus();
  }, [id, place]);

  const list = ids.join(' ');
  useEffect(() => {
    const [element, dragHandle] = [row.current, handle.current];
    if (!element || !dragHandle) return;
    const members = list.split(' ');
    return combine(
      draggable({
        element,
        dragHandle,
        getInitialData: () => ({ id }),
        onDragStart: () => setDragged(true),
        onDrop: () => setDragged(false),
      }),
      dropTargetForElements({
        element,
        canDrop: ({ source }) => source.data['id'] !== id && members.includes(String(source.data['id'])),
        getData: ({ input }) => attachClosestEdge({ id }, { element, input, allowedEdges: ['top', 'bottom'] }),
        onDrag: ({ self, location }) =>
          setEdge(location.current.dropTargets[0]?.element === element ? extractClosestEdge(self.data) : null),
        onDragLeave: () => setEdge(null),
        onDrop: ({ self, source }) => {
          setEdge(null);
          const from = String(source.data['id']);
          const at = members.filter((one) => one !== from).indexOf(id);
          latest.current(extractClosestEdge(self.data) === 'bottom' ? at + 1 : at, from);
        },
      }),
    );
  }, [id, list]);

  const last = ids.length - 1;
  return {
    row,
    handle,
    edge: edge === 'top' || edge === 'bottom' ? edge : null,
    isDragged,
    commands: [
      { label: words.course.moveUp, disabled: place <= 0, onSelect: () => moveTo(place - 1) },
      { label: words.course.moveDown, disabled: place >= last, onSelect: () => moveTo(place + 1) },
      { label: words.course.moveFirst, disabled: place <= 0, onSelect: () => moveTo(0) },
      { label: words.course.moveLast, disabled: place >= last, onSelect: () => moveTo(last) },
    ],
    onKeyDown: (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!event.altKey || step === undefined) return;
      event.preventDefault();
      const target = place + step;
      if (target >= 0 && target <= last) moveTo(target);
    },
  };
}
