import { useEffect, useId, useMemo, useState, type DragEvent } from 'react';
import { bytes } from '../format.js';
import { words } from '../words.js';
import { classes } from './classes.js';
import controls from './controls.module.css';
import css from './file-drop.module.css';
import { acceptOf, isOfKind, type FileKind } from './file-kinds.js';
import { FileIcon, FilmIcon, UploadIcon } from './icons.js';

interface FileDropProps {
  /** The accessible name of the input. */
  readonly label: string;
  readonly kind: FileKind;
  readonly file: File | null;
  readonly onFile: (file: File) => void;
  /** The URL of the picture that is there now. */
  readonly present?: string | null | undefined;
  /** The name of the file that is there now. */
  readonly presentName?: string | undefined;
  /** Takes what is pasted anywhere on the page, not only here. */
  readonly pasteAnywhere?: boolean;
}

/** A place for one file: by choice, by drop, by paste. */
export function FileDrop({ label, kind, file, onFile, present, presentName, pasteAnywhere = false }: FileDropProps) {
  const id = useId();
  const [isOver, setOver] = useState(false);
  const [problem, setProblem] = useState<string>();

  const take = (given: File | undefined): boolean => {
    if (!given) return false;
    const fault = faultOf(given, kind);
    setProblem(fault);
    if (fault === undefined) onFile(given);
    return true;
  };
  usePastedFiles(pasteAnywhere, (files) => take(files.find((one) => isOfKind(one, kind))));

  return (
    <div className={controls.field}>
      <label className={controls.label} htmlFor={id}>
        {label}
      </label>
      <div
        className={classes(css.drop, isOver && css.over)}
        onDragOver={(event: DragEvent) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event: DragEvent) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files[0]);
        }}
        onPaste={(event) => {
          if (!pasteAnywhere) take(event.clipboardData.files[0]);
        }}
      >
        <input
          id={id}
          type="file"
          className={css.input}
          accept={acceptOf(kind)}
          aria-describedby={`${id}-said`}
          onChange={({ target }) => {
            take(target.files?.[0]);
            // So that the same file can be chosen again.
            target.value = '';
          }}
        />
        <Preview file={file} kind={kind} present={present} />
        <p id={`${id}-said`} className={css.said}>
          {file ? (
            words.fileDrop.chosen(file.name, bytes(file.size))
          ) : (
            <>
              <strong>{present || presentName ? words.fileDrop.replace : words.fileDrop.choose}</strong>{' '}
              {presentName ? words.fileDrop.kept(presentName) : words.fileDrop.hint}
            </>
          )}
        </p>
      </div>
      {problem !== undefined && (
        <p role="alert" className={controls.fieldError}>
          {problem}
        </p>
      )}
    </div>
  );
}

function Preview({ file, kind, present }: Pick<FileDropProps, 'file' | 'kind' | 'present'>) {
  const url = useMemo(() => (file && kind === 'image' ? URL.createObjectURL(file) : undefined), [file, kind]);
  useEffect(() => {
    return url === undefined ? undefined : () => URL.revokeObjectURL(url);
  }, [url]);
  const shown = url ?? present;
  if (shown) return <img src={shown} alt="" className={css.preview} />;
  if (!file) return <UploadIcon />;
  return kind === 'video' ? <FilmIcon /> : <FileIcon />;
}

/** Says why a file cannot go here. Undefined when it can. */
function faultOf(file: File, kind: FileKind): string | undefined {
  const { fileDrop } = words;
  if (file.size === 0) return fileDrop.empty(file.name);
  if (kind === 'any' || isOfKind(file, kind)) return undefined;
  return { image: fileDrop.wrongImage, video: fileDrop.wrongVideo, captions: fileDrop.wrongCaptions }[kind](file.name);
}

/** Hands on files that are pasted anywhere on the page. A paste of text stays what it is. */
function usePastedFiles(isOn: boolean, take: (files: readonly File[]) => boolean): void {
  useEffect(() => {
    if (!isOn) return;
    const onPaste = (event: ClipboardEvent): void => {
      if (take([...(event.clipboardData?.files ?? [])])) event.preventDefault();
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  });
}
