import { chart } from './chart.js';
import { example, measuredExample } from './example.fixture.js';

describe('chart', () => {
  const svg = chart(example, [measuredExample]);
  const widths = [...svg.matchAll(/<rect class="(ours|other)"[^>]* width="([\d.]+)"/g)].map(([, kind, w]) => [kind, w]);

  it('draws a bar for each contender, as long as its median on the scale of the longest run', () => {
    // 340 wide, 2 000 messages/s: medians are 900, 750 and 1 500
    expect(widths).toEqual([
      ['ours', '153.0'],
      ['other', '127.5'],
      ['other', '255.0'],
    ]);
  });

  it('draws the range through the bar and a line through ours', () => {
    expect(svg).toContain('<path class="range" d="M302.0 41H404.0"/>');
    expect(svg).toContain('<path class="line" d="M353.0 30V108"/>');
  });

  it('marks where ours has to get to beside whom it is compared with', () => {
    // 1.1 of slow's median 750, 0.9 of fast's 1 500
    expect(svg).toContain('<path class="goal met" d="M340.3 57V77"/>');
    expect(svg).toContain('<path class="goal missed" d="M429.5 83V103"/>');
    expect(svg).toContain('ours is 1.20 of it, ✓ goal: at least 1.1<');
    expect(svg).toContain('ours is 0.60 of it, ✗ goal: at least 0.9<');
  });

  it('is one XML document that reads on light and on dark ground, whatever the titles hold', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 900 \d+"/);
    expect(svg).toContain('<title>example: work &amp; &lt;nothing&gt; else</title>');
    expect(svg).toContain('@media(prefers-color-scheme:dark)');
    const opened = svg.match(/<(svg|g|text|title|style)\b/g)?.length;
    expect(svg.match(/<\/(svg|g|text|title|style)>/g)?.length).toBe(opened);
  });

  it('has no panel for a figure that a case does not show', () => {
    const figures = [{ key: 'other', title: 'other', digits: 0, compared: true }];
    expect(chart({ ...example, figures }, [measuredExample])).not.toContain('class="head"');
  });
});
