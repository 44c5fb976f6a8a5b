import css from './course.module.css';

/** The class of the edge at which a dragged row would be put. */
export function edgeClass(edge: 'top' | 'bottom' | null): string | undefined {
  if (edge === null) return undefined;
  return edge === 'top' ? css.edgeTop : css.edgeBottom;
}
