/**
 * Hides warnings that an operator can do nothing about: Node's about experimental and deprecated features, and the AWS
 * SDK's about supported versions of Node. All other warnings are printed, because they may point to a defect.
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

/** Ends the process silently when the reader of its output has ended, as in `lectern doctor | head`. */
export function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
}
