import { GripIcon } from '../ui/icons.js';
import { Menu } from '../ui/menu.js';
import { words } from '../words.js';
import css from './course.module.css';
import type { SortableItem } from './sortable.js';

interface DragHandleProps {
  readonly item: SortableItem;
  /** Of the row. */
  readonly title: string;
}

/** The part of a row by which it is dragged. Pressed, it offers the same moves as a menu. */
export function DragHandle({ item, title }: DragHandleProps) {
  return (
    <span ref={item.handle} className={css.grip}>
      <Menu label={words.course.reorder(title)} items={item.commands} onKeyDown={item.onKeyDown}>
        <GripIcon />
      </Menu>
    </span>
  );
}
