# A browser: headless Chromium loads a page with style, script and picture from files, asks an upstream, follows an event stream, and
# talks over a WebSocket. The page posts what it saw to the origin.
use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP ();
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my %files  = (
    'index.html' => <<'END', 'style.css' => "body { color: rgb(1, 2, 3) }\n", 'dot.svg' => <<'SVG', 'page.js' => <<'JS');
<!doctype html><title>sluice</title><link rel="stylesheet" href="style.css"><link rel="icon" href="data:,">
<body><img id="dot" src="dot.svg"><script src="page.js"></script></body>
END
<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"><rect width="7" height="5"/></svg>
SVG
const seen = { messages: [], events: [] };
const loaded = new Promise((resolve) => addEventListener('load', resolve));

function talk() {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${location.host}/api/ws`);
    const texts = ['one', 'x'.repeat(70000), 'three'];
    socket.onopen = () => socket.send(texts[0]);
    socket.onmessage = ({ data }) => {
      seen.messages.push(data === texts[seen.messages.length] ? data.length : 'wrong');
      if (seen.messages.length === texts.length) socket.close(1000);
      else socket.send(texts[seen.messages.length]);
    };
    socket.onclose = ({ code, wasClean }) => { seen.closed = [code, wasClean]; resolve(); };
    socket.onerror = () => reject(new Error('websocket'));
  });
}

function follow() {
  return new Promise((resolve) => {
    const source = new EventSource('/api/sse?n=3&stay=1');
    source.onmessage = ({ data }) => { seen.events.push(data); if (seen.events.length === 3) { source.close(); resolve(); } };
  });
}

async function main() {
  await loaded;
  seen.style = getComputedStyle(document.body).color;
  seen.picture = document.getElementById('dot').naturalWidth;
  seen.answers = (await Promise.all(Array.from({ length: 30 }, (_, i) => fetch(`/api/status/200?${i}`)))).filter((r) => r.ok).length;
  seen.missing = (await fetch('/nothing')).status;
  await Promise.all([talk(), follow()]);
}
main().catch((error) => { seen.error = String(error); })
  .finally(() => fetch('/api/result', { method: 'POST', body: JSON.stringify(seen) }));
JS
my $server = Test::Sluice::Server->new(files => \%files, vars => { ORIGIN_PORT => $origin->port }, config => <<'END');
    root $TEST_SLUICE_HTML_DIR;
    types { text/html html; text/css css; text/javascript js; image/svg+xml svg; }
    location / { index index.html; }
    location /api/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
END
$server->start;

my $profile = tempdir(CLEANUP => 1);
my $browser = Test::Sluice::Process->spawn(stderr => "$profile/log", stdout => "$profile/log", argv => [
    'chromium', qw(--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --no-proxy-server), "--user-data-dir=$profile", '--remote-debugging-port=0',
    'http://127.0.0.1:' . $server->port . '/']);
my ($result) = wait_until { (grep { $_->{target} eq '/result' && $_->{complete} } $origin->requests)[0] } 60;
ok $result, 'the page is done' or diag Test::Sluice::Process::slurp("$profile/log");
my $seen = $result ? JSON::PP::decode_json($result->{body}) : {};
is $seen->{error}, undef, 'without an error';
is $seen->{style}, 'rgb(1, 2, 3)', 'style';
is $seen->{picture}, 7, 'a picture';
is $seen->{answers}, 30, 'thirty answers at once';
is $seen->{missing}, 404, 'and one that is not there';
is_deeply $seen->{messages}, [3, 70_000, 5], 'messages over the WebSocket';
is_deeply $seen->{closed}, [1000, JSON::PP::true()], 'which ends as it should';
is_deeply $seen->{events}, ['event 1', 'event 2', 'event 3'], 'events, one by one';

$browser->kill_group;
$browser->wait_exit(10);
$server->stop;
$origin->stop;
done_testing;
