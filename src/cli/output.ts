/**
 * Keeps notices about versions out of the output of commands: Node's about experimental and deprecated features, and
 * the AWS SDK's about the versions of Node that it will support. An operator can do nothing about them. Every other
 * warning is printed as Node prints it: it may tell of a defect.
 */
export function hideNotices(): void {
  const [print] = process.listeners('warning');
  if (print === undefined) return;
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!isNotice(warning)) print(warning);
  });
}

function isNotice({ name, message }: Error): boolean {
  return (
    name === 'ExperimentalWarning' || name === 'DeprecationWarning' || message.includes('NodeVersionSupportWarning')
  );
}

/** Ends the process without a word when what reads its output has ended, as `head` in `lectern doctor | head` does. */
export function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
}
