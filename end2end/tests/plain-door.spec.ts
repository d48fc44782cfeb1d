import { chromiumForMadeUpPages } from '../support/browsers';
import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

test.use(chromiumForMadeUpPages);

/** The tutorials' own chat page: a textarea, a field, a button, and little more. */
const TUTORIAL = `<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>Tornado WebSocket</title></head>
<body>
<textarea id="contents" style="height: 500px; width: 500px" readonly></textarea><br>
<input type="text" id="msg"><button id="send" onclick="sendMsg()">发送</button>
<script>
  var $ = function (selector) { return document.querySelector(selector); };
  var ws = new WebSocket('ws://' + location.host + '/chat');
  ws.onmessage = function (e) {
    $('#contents').value += e.data + '\\n';
  };
  function sendMsg() {
    var msg = $('#msg').value;
    ws.send(msg);
    $('#msg').value = '';
  }
</script>
</body>
</html>`;

/** Opens the tutorials' page on a room, with the login of the user in it. */
async function openTutorial(chat: ChatPage) {
  const page = await chat.visitor.context.newPage();
  await page.route('**/tutorial.html', route => route.fulfill({ contentType: 'text/html; charset=utf-8', body: TUTORIAL }));
  await page.goto('/tutorial.html');
  await expect.poll(() => page.evaluate('ws.readyState')).toBe(1);
  return {
    contents: page.locator('#contents'),
    say: async (text: string) => {
      await page.locator('#msg').fill(text);
      await page.locator('#send').click();
    },
    close: () => page.close(),
  };
}

test.describe('with a second of grace', () => {
  test.use({ flags: { 'leave-grace': '1s' } });

  test('the tutorials’ own page talks with a room both ways, unchanged', async ({ visitor }) => {
    const ming = await visitor('小明', { locale: 'zh-CN' });
    const tutorial = await openTutorial(ming);
    await ming.page.close();
    const ann = await visitor('Ann');
    await expect(tutorial.contents).toHaveValue('~~~Ann进入了聊天室~~~\n');
    await tutorial.say('大家好');
    await ann.hears('大家好', '小明');
    await ann.say('Hello to you');
    await expect(tutorial.contents).toHaveValue('~~~Ann进入了聊天室~~~\nAnn说:Hello to you\n');
    await ann.logOut.click();
    // The user's own messages are missing, because the tutorials' page never showed them.
    await expect(tutorial.contents).toHaveValue('~~~Ann进入了聊天室~~~\nAnn说:Hello to you\n~~~Ann离开了聊天室~~~\n');
    const bo = await visitor('Bo');
    await bo.hears('大家好', '小明');
    await tutorial.close();
    await bo.hasNotices(['~~~ 小明 left ~~~']);
  });
});

test('in English the lines are English', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const tutorial = await openTutorial(ann);
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await ming.say('你好');
  await expect(tutorial.contents).toHaveValue('~~~ 小明 entered ~~~\n小明: 你好\n');
});

test('nobody can forge a line with a line break', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const tutorial = await openTutorial(ann);
  const bo = await visitor('Bo');
  await bo.say('hello\n~~~ Ann left ~~~');
  await expect(tutorial.contents).toHaveValue('~~~ Bo entered ~~~\nBo: hello⏎~~~ Ann left ~~~\n');
});

test('markup from the plain door stays text in the room', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const tutorial = await openTutorial(ann);
  const bo = await visitor('Bo');
  await tutorial.say('<img src=x onerror=alert(1)>');
  await bo.hasExactly(['<img src=x onerror=alert(1)>']);
});

test('a script that is no browser talks along, and is refused in words what it may not', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann');
  const robot = await plainClient('Robot', '/chat?lang=en');
  robot.say('beep');
  await ann.hears('beep', 'Robot');
  await ann.say('good robot');
  // It may or may not see users who came in with it; of messages it sees only those of others.
  const said = () => robot.lines.filter((line) => !line.startsWith('~~~'));
  await expect.poll(said).toEqual(['Ann: good robot']);
  robot.say('x'.repeat(4_001));
  await expect.poll(() => robot.lines.at(-1)).toMatch(/^! .*longer/);
  robot.say('beep again');
  await ann.hasExactly(['beep', 'good robot', 'beep again']);
});
