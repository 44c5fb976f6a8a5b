import { useEffect, useId, useMemo, useRef, useState, type DragEvent } from 'react';
import type { UploadSlot } from '../../upload-client/api.js';
import { bytes } from '../format.js';
import { classes } from '../ui/classes.js';
import controls from '../ui/controls.module.css';
import { acceptOf, isOfKind, kindOf, type FileKind } from '../ui/file-kinds.js';
import { FileIcon, FilmIcon, UploadIcon } from '../ui/icons.js';
import { words } from '../words.js';
import css from './file-drop.module.css';
import { preflight } from './preflight.js';
import { Warnings } from './warnings.js';

interface FileDropProps {
  /** The accessible name of the input. */
  readonly label: string;
  /** Where the file goes. */
  readonly slot: UploadSlot;
  /** The file that was handed on and is not sent yet. Of one that is sent at once, the tray shows the warnings. */
  readonly file: File | null;
  /** Called with a file that can be sent. */
  readonly onFile: (file: File) => void;
  /** The URL of the picture that is there now. */
  readonly present?: string | null | undefined;
  /** The name of the file that is there now. */
  readonly presentName?: string | undefined;
  /** Takes what is pasted anywhere on the page, not only here. */
  readonly pasteAnywhere?: boolean;
}

/** A place for one file: by choice, by drop, by paste. The file is checked before it is handed on. */
export function FileDrop({ label, slot, file, onFile, present, presentName, pasteAnywhere = false }: FileDropProps) {
  const id = useId();
  const kind = kindOf(slot);
  const [isOver, setOver] = useState(false);
  const { checked, take, dismiss } = useCheckedFile(slot, onFile);
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
          {checked.isChecking ? (
            words.fileDrop.checking(checked.name)
          ) : file ? (
            words.fileDrop.chosen(file.name, bytes(file.size))
          ) : (
            <>
              <strong>{present || presentName ? words.fileDrop.replace : words.fileDrop.choose}</strong>{' '}
              {presentName ? words.fileDrop.kept(presentName) : words.fileDrop.hint}
            </>
          )}
        </p>
      </div>
      {checked.problem !== undefined && (
        <p role="alert" className={controls.fieldError}>
          {checked.problem}
        </p>
      )}
      {file && <Warnings filename={checked.name} warnings={checked.warnings} onDismiss={dismiss} />}
    </div>
  );
}

interface CheckedFile {
  readonly name: string;
  readonly isChecking: boolean;
  /** Why it cannot go here. */
  readonly problem?: string | undefined;
  readonly warnings: readonly string[];
}

const NOTHING: CheckedFile = { name: '', isChecking: false, warnings: [] };

/** Checks files that are given to a slot, and hands on those that can be sent. */
function useCheckedFile(slot: UploadSlot, onFile: (file: File) => void) {
  const [checked, setChecked] = useState(NOTHING);
  const newest = useRef<File>(null);
  const check = async (given: File): Promise<void> => {
    const { name } = given;
    newest.current = given;
    const fault = faultOf(given, kindOf(slot));
    setChecked({ ...NOTHING, name, isChecking: fault === undefined, problem: fault });
    if (fault !== undefined) return;
    const { refusal, warnings } = await preflight(given, name, slot);
    // Another one was chosen meanwhile.
    if (newest.current !== given) return;
    setChecked({ name, isChecking: false, problem: refusal?.message, warnings });
    if (!refusal) onFile(given);
  };
  return {
    checked,
    /** Returns false when there is no file. */
    take: (given: File | undefined): boolean => {
      if (given) void check(given);
      return given !== undefined;
    },
    dismiss: () => setChecked({ ...checked, warnings: [] }),
  };
}

interface PreviewProps extends Pick<FileDropProps, 'file' | 'present'> {
  readonly kind: FileKind;
}

function Preview({ file, kind, present }: PreviewProps) {
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
