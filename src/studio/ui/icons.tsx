import type { ReactNode } from 'react';

function icon(children: ReactNode) {
  return function Icon() {
    return (
      <svg
        viewBox="0 0 24 24"
        width="20"
        height="20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {children}
      </svg>
    );
  };
}

export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const MoreIcon = icon(
  <g fill="currentColor" stroke="none">
    <circle cx="5" cy="12" r="1.75" />
    <circle cx="12" cy="12" r="1.75" />
    <circle cx="19" cy="12" r="1.75" />
  </g>,
);
export const GripIcon = icon(
  <g fill="currentColor" stroke="none">
    {[6, 12, 18].flatMap((y) => [9, 15].map((x) => <circle key={`${x} ${y}`} cx={x} cy={y} r="1.5" />))}
  </g>,
);
export const CloseIcon = icon(<path d="m6 6 12 12M18 6 6 18" />);
export const SearchIcon = icon(<path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4 4" />);
export const UploadIcon = icon(<path d="M12 16V4m-5 5 5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3" />);
export const PlayIcon = icon(<path d="M7 4.5v15l12-7.5z" fill="currentColor" />);
export const PauseIcon = icon(<path d="M8 5v14M16 5v14" strokeWidth="3" />);
export const CheckIcon = icon(<path d="m5 13 4.5 4.5L19 7" />);
export const LockIcon = icon(<path d="M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z" />);
export const BackIcon = icon(<path d="m14 6-6 6 6 6" />);
export const NextIcon = icon(<path d="m10 6 6 6-6 6" />);
export const SoundIcon = icon(
  <path d="M4 9.5v5h3.5L12 18V6L7.5 9.5zm11.5-1a5 5 0 0 1 0 7m2.5-9.5a8.5 8.5 0 0 1 0 12" />,
);
export const MutedIcon = icon(<path d="M4 9.5v5h3.5L12 18V6L7.5 9.5zm12 .5 5 5m0-5-5 5" />);
export const FullScreenIcon = icon(<path d="M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5" />);
export const BookIcon = icon(
  <path d="M4 5.5A2.5 2.5 0 0 1 6.5 3H20v15H6.5A2.5 2.5 0 0 0 4 20.5zM4 20.5A2.5 2.5 0 0 0 6.5 21H20v-3" />,
);
export const FilmIcon = icon(<path d="M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4m8 0h4m-16 5h4m8 0h4" />);
export const DownIcon = icon(<path d="m6 10 6 6 6-6" />);
export const FileIcon = icon(<path d="M7 3h7l4 4v14H7zM14 3v4h4" />);
