import { Problem } from '../ui/problem.js';
import { FileDrop } from '../uploads/file-drop.js';
import { needsAttention } from '../uploads/upload-item.js';
import { uploads, useUploadTo } from '../uploads/upload-list.js';
import { FilmIcon } from '../ui/icons.js';
import { words } from '../words.js';
import css from './video.module.css';

/** In the place of the player, for a lesson without a video. */
export function NoFile({ id, isEditable }: { readonly id: string; readonly isEditable: boolean }) {
  const upload = useUploadTo({ slot: 'VIDEO_FILE', ownerId: id });
  return (
    <div className={css.instead}>
      <FilmIcon />
      <h2>{words.video.noFile}</h2>
      <p>{isEditable ? words.video.noFileLead : words.video.noFileStudentLead}</p>
      {upload && (
        <>
          <p role="status">{words.uploads.states[upload.state]}</p>
          <Problem error={upload.error} />
        </>
      )}
      {isEditable && (!upload || needsAttention(upload)) && (
        <div className={css.choose}>
          <FileDrop
            label={words.video.file}
            slot="VIDEO_FILE"
            file={null}
            onFile={(file) => uploads.start(file, { slot: 'VIDEO_FILE', ownerId: id })}
          />
        </div>
      )}
    </div>
  );
}
