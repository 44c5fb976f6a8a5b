import { words } from '../words.js';

const QUALITY = 0.9;
const TYPE = 'image/jpeg';

/** The frame that a player shows, as a picture. Rejects with a SecurityError when the page may not read it. */
export async function frameOf(player: HTMLVideoElement, name: string): Promise<File> {
  const canvas = document.createElement('canvas');
  canvas.width = player.videoWidth;
  canvas.height = player.videoHeight;
  canvas.getContext('2d')?.drawImage(player, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (!blob) throw new Error(words.video.posterNoFrame);
  return new File([blob], name, { type: TYPE });
}

/**
 * The frame of a film at a time, as a picture. The film is loaded with CORS: what a player has loaded without CORS may be
 * shown but not read.
 * @param at In seconds.
 */
export async function frameAt(url: string, at: number, name: string): Promise<File> {
  const player = document.createElement('video');
  player.crossOrigin = 'anonymous';
  player.muted = true;
  player.preload = 'auto';
  player.src = url;
  try {
    await eventOf(player, 'loadeddata');
    if (at > 0) {
      player.currentTime = at;
      await eventOf(player, 'seeked');
    }
    return await frameOf(player, name);
  } finally {
    // Ends the download.
    player.removeAttribute('src');
    player.load();
  }
}

function eventOf(player: HTMLVideoElement, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    player.addEventListener(name, resolve, { once: true });
    player.addEventListener('error', () => reject(new Error(player.error?.message ?? name)), { once: true });
  });
}
