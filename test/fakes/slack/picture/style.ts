/** Near to Slack's light theme; our own. */
export const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1d1c1d; font: 15px/1.46668 Lato, 'DejaVu Sans', 'Noto Color Emoji', sans-serif; }
#all { width: 720px; padding-bottom: 12px; }
.bar { padding: 10px 20px; border-bottom: 1px solid #ddd; font-weight: 900; font-size: 18px; margin-bottom: 8px; }
.message { display: flex; gap: 8px; padding: 8px 20px; }
.message.reply { margin-left: 44px; border-left: 2px solid #ddd; padding-left: 12px; }
.message.alone { background: #f8f8f8; }
.face { flex: 0 0 36px; height: 36px; border-radius: 8px; background: #4a154b; color: #fff; font-weight: 900; text-align: center; line-height: 36px; }
.face.person { background: #1264a3; }
.message > .inside { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.who { font-weight: 900; }
.app { background: #ebeaeb; color: #616061; font-size: 10px; font-weight: 700; border-radius: 2px; padding: 1px 3px; vertical-align: 1px; margin-left: 4px; }
.at { color: #616061; font-size: 12px; margin-left: 6px; }
.alone-note { color: #616061; font-size: 13px; }
.block { margin: 4px 0; }
.block.header { font-size: 18px; font-weight: 900; margin: 8px 0 4px; }
.block.section { display: flex; gap: 16px; }
.block.section .text { flex: 1; min-width: 0; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin-top: 4px; }
.block.context { color: #616061; font-size: 13px; }
.block.actions { display: flex; gap: 8px; flex-wrap: wrap; margin: 8px 0; }
hr { border: 0; border-top: 1px solid #ddd; margin: 12px 0; }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 8px; padding: 3px 12px; font-weight: 700; white-space: nowrap; }
.button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.button.danger { background: #fff; border-color: #e01e5a; color: #e01e5a; }
.mention { background: #e8f5fa; color: #1264a3; border-radius: 3px; padding: 0 2px; }
a { color: #1264a3; }
code { background: #f6f6f6; border: 1px solid #ddd; border-radius: 3px; color: #c01343; font: 12px/1.5 'DejaVu Sans Mono', monospace; padding: 1px 3px; }
pre { background: #f6f6f6; border: 1px solid #ddd; border-radius: 4px; font: 12px/1.5 'DejaVu Sans Mono', monospace; padding: 8px; margin: 4px 0; white-space: pre-wrap; }
blockquote { border-left: 4px solid #ddd; margin: 4px 0; padding-left: 12px; }
ul, ol { margin: 2px 0; padding-left: 26px; }
table { border-collapse: collapse; font-size: 13px; }
td { border: 1px solid #ddd; padding: 5px 10px; }
tr.first td { background: #f8f8f8; font-weight: 700; }
.block.plan, .block.container, .block.card { border: 1px solid #ddd; border-radius: 10px; padding: 10px 14px; margin: 8px 0; }
.title { font-weight: 900; margin-bottom: 4px; }
.task { display: flex; gap: 8px; padding: 2px 0; }
.task .mark { flex: 0 0 18px; text-align: center; color: #616061; font-family: 'DejaVu Sans'; }
.task.complete .mark { color: #007a5a; }
.task.error .mark { color: #e01e5a; }
.task.in_progress { font-weight: 700; }
.task .details { color: #616061; font-size: 13px; font-weight: 400; }
.picture { display: inline-block; background: #ebeaeb; color: #616061; padding: 8px 16px; border-radius: 6px; }
.level { border-radius: 8px; padding: 10px 14px; background: #f8f8f8; border-left: 4px solid #868686; }
.level.info { background: #e8f5fa; border-color: #1264a3; }
.level.success { background: #e7f5ef; border-color: #007a5a; }
.level.warning { background: #fef5e0; border-color: #de8e0d; }
.level.error { background: #fdecf1; border-color: #e01e5a; }
.modal { border: 1px solid #bbb; border-radius: 12px; box-shadow: 0 4px 18px #0003; margin: 20px auto; width: 520px; }
.modal > .head { display: flex; justify-content: space-between; font-weight: 900; font-size: 20px; padding: 16px 24px 8px; }
.modal > .middle { padding: 4px 24px 12px; }
.modal > .foot { display: flex; gap: 8px; justify-content: flex-end; padding: 14px 24px; border-top: 1px solid #ddd; }
.block.input { margin: 14px 0; }
.label { font-weight: 700; margin-bottom: 4px; }
.optional, .hint { color: #616061; font-weight: 400; font-size: 13px; }
.entry { border: 1px solid #868686; border-radius: 8px; padding: 6px 12px; min-height: 36px; }
.entry.tall { min-height: 76px; }
.entry.menu { display: flex; justify-content: space-between; }
.placeholder { color: #868686; }
.home { padding: 4px 20px; }
`;
