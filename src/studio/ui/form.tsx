import type { FormHTMLAttributes, SubmitEvent } from 'react';

interface FormProps extends Omit<FormHTMLAttributes<HTMLFormElement>, 'noValidate' | 'onSubmit'> {
  readonly onSubmit: () => void;
}

/** A form that the page handles itself: the browser neither sends it nor shows messages of its own. */
export function Form({ onSubmit, ...attributes }: FormProps) {
  return (
    <form
      {...attributes}
      noValidate
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        onSubmit();
      }}
    />
  );
}
