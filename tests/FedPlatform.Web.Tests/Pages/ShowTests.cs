using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Tests.Pages.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace FedPlatform.Web.Tests.Pages;

public class ShowTests
{
    [Theory]
    [InlineData(0.4, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(200, "3 m 20 s")]
    [InlineData(7800, "2 h 10 m")]
    [InlineData(90000, "1 d 1 h")]
    public void Durations_are_written_in_two_units(double seconds, string text) => Assert.Equal(text, Show.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0.6128, "61.3 %")]
    [InlineData(1.0, "100.0 %")]
    [InlineData(null, "–")]
    public void Percentages_have_one_decimal(double? value, string text) => Assert.Equal(text, Show.Percent(value));

    [Theory]
    [InlineData(0.004, "+0.4", "good-text")]
    [InlineData(-0.02, "−2.0", "bad-text")]
    [InlineData(-0.0003, "0.0", null)]
    [InlineData(null, "–", null)]
    public void Differences_carry_a_sign_and_a_colour_only_when_they_show(double? value, string text, string? tone)
    {
        Assert.Equal(text, Show.Points(value));
        Assert.Equal(tone, Show.Tone(value));
    }

    [Theory]
    [InlineData(5, "just now")]
    [InlineData(300, "5 min ago")]
    [InlineData(7300, "2 h ago")]
    [InlineData(100000, "yesterday")]
    public void Times_are_relative(double seconds, string text) => Assert.Equal(text, Show.Relative(SampleRuns.Now.AddSeconds(-seconds), SampleRuns.Now));

    [Fact]
    public void Two_specs_differ_only_where_they_differ()
    {
        var changed = SampleRuns.Digits with { Rounds = 99, Algorithm = SampleRuns.Digits.Algorithm with { Gamma = 0.2 } };

        Assert.Equal([("algorithm.gamma", "0.1", "0.2"), ("rounds", "30", "99")], SpecComparison.Differences(SampleRuns.Digits, changed).OrderBy(d => d.Field));
        Assert.Empty(SpecComparison.Differences(SampleRuns.Digits, SampleRuns.Digits));
    }

    [Fact]
    public void A_state_allows_what_the_supervisor_can_do()
    {
        Assert.True(RunCommands.Allows(RunState.Running, RunCommand.Pause));
        Assert.False(RunCommands.Allows(RunState.Finished, RunCommand.Stop));
        Assert.True(RunCommands.Allows(RunState.Failed, RunCommand.Retry));
        Assert.False(RunCommands.Allows(RunState.Failed, RunCommand.Resume));
    }

    [Fact]
    public async Task A_hundred_events_at_once_reach_a_page_in_few_batches_and_completely()
    {
        var batches = new List<IReadOnlyList<RunEvent>>();
        var all = new TaskCompletionSource();
        var feed = new FakeFeed();
        Guid run = Guid.NewGuid();
        await using var throttled = new ThrottledFeed((after, ct) => feed.Subscribe(run, after, ct), batch =>
        {
            lock (batches)
            {
                batches.Add(batch);
                if (batches.Sum(b => b.Count) == 100)
                {
                    all.TrySetResult();
                }
            }

            return Task.CompletedTask;
        }, TimeProvider.System, NullLogger.Instance);
        throttled.Start(0);
        while (feed.Readers == 0)
        {
            await Task.Delay(5);
        }

        for (int i = 1; i <= 100; i++)
        {
            feed.Push(new RunEvent { RunId = run, Sequence = i, Kind = RunEventKind.Progress, At = SampleRuns.Now });
        }

        await all.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(batches.Count <= 5, $"{batches.Count} batches");
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), batches.SelectMany(b => b).Select(e => e.Sequence));
    }
}
