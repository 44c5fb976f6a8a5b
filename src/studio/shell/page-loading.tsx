import { words } from '../words.js';
import controls from '../ui/controls.module.css';
import css from './shell.module.css';

export function PageLoading() {
  return (
    <div className={css.loading} role="status">
      <div className={controls.skeleton} />
      <div className={controls.skeleton} />
      <div className={controls.skeleton} />
      <span className="visually-hidden">{words.loading}</span>
    </div>
  );
}
