import { ApolloProvider } from '@apollo/client/react';
import { lazy, Suspense } from 'react';
import { Route, Router, Switch } from 'wouter';
import { client } from './api/client.js';
import { BASE_PATH } from './api/place.js';
import { provider } from './session/provider-settings.js';
import { SignInAgain } from './session/sign-in-again.js';
import { SignInPage } from './session/sign-in-page.js';
import { mayTeach, useViewer } from './session/use-viewer.js';
import { CrashGuard } from './shell/crash-guard.js';
import { NotFound } from './shell/not-found.js';
import { PageLoading } from './shell/page-loading.js';
import { Shell } from './shell/shell.js';
import { words } from './words.js';

const CoursesPage = lazy(() => import('./courses/courses-page.js'));
const CoursePage = lazy(() => import('./course/course-page.js'));
const VideoPage = lazy(() => import('./video/video-page.js'));
const SignInWindow = lazy(() => import('./session/sign-in-window.js'));
const SignedInPage = lazy(() => import('./session/signed-in-page.js'));
const UploadTray = lazy(() => import('./uploads/upload-tray.js'));

export function App() {
  return (
    <ApolloProvider client={client}>
      <Router base={BASE_PATH}>
        <Shell tray={<Tray />}>
          <CrashGuard>
            <Suspense fallback={<PageLoading />}>
              <Switch>
                <Route path="/">
                  <CoursesPage />
                </Route>
                <Route path="/courses/:id">{({ id }) => <CoursePage key={id} id={id} />}</Route>
                <Route path="/videos/:id">{({ id }) => <VideoPage key={id} id={id} />}</Route>
                <Route path="/sign-in">
                  <SignInPage />
                </Route>
                {provider && (
                  <Route path="/sign-in/window">
                    <SignInWindow />
                  </Route>
                )}
                {provider && (
                  <Route path="/signed-in">
                    <SignedInPage />
                  </Route>
                )}
                <Route>
                  <NotFound title={words.notFound.page} />
                </Route>
              </Switch>
            </Suspense>
          </CrashGuard>
        </Shell>
        <SignInAgain />
      </Router>
    </ApolloProvider>
  );
}

/** Outside the routes, so that uploads continue while the person walks around. */
function Tray() {
  const { viewer } = useViewer();
  if (!mayTeach(viewer)) return null;
  return (
    <Suspense>
      <UploadTray />
    </Suspense>
  );
}
