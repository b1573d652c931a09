using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Tests.Runs;

public class RunStateMachineTests
{
    // The whole table in words: state, then trigger → state. What is not here is refused.
    private const string Table = """
        Queued    Stop>Stopped Pause>Paused Claim>Starting GiveUp>Failed
        Starting  Stop>Stopping Pause>Pausing Attach>Running ProcessGone>Lost Release>Queued GiveUp>Failed EndFinished>Finished EndPaused>Paused EndStopped>Stopped EndFailed>Failed EndDiskFull>Paused
        Running   Stop>Stopping Pause>Pausing Attach>Running ProcessGone>Lost Release>Queued GiveUp>Failed EndFinished>Finished EndPaused>Paused EndStopped>Stopped EndFailed>Failed EndDiskFull>Paused
        Pausing   Stop>Stopping Pause>Pausing Attach>Pausing ProcessGone>Paused Release>Paused GiveUp>Failed EndFinished>Finished EndPaused>Paused EndStopped>Stopped EndFailed>Failed EndDiskFull>Paused
        Paused    Stop>Stopped Pause>Paused Resume>Queued RoomAgain>Queued
        Stopping  Stop>Stopping Attach>Stopping ProcessGone>Stopped Release>Stopped GiveUp>Stopped EndFinished>Finished EndPaused>Stopped EndStopped>Stopped EndFailed>Failed EndDiskFull>Stopped
        Stopped   Stop>Stopped Retry>Queued
        Finished
        Failed    Retry>Queued
        Lost      Stop>Stopped Pause>Paused Requeue>Queued GiveUp>Failed
        """;

    [Fact]
    public void Every_state_takes_exactly_the_triggers_of_the_table()
    {
        var expected = Table.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).SelectMany(words => words.Skip(1).Select(w =>
        {
            var parts = w.Split('>');
            return ((State: Enum.Parse<RunState>(words[0]), Trigger: Enum.Parse<RunTrigger>(parts[0])), To: Enum.Parse<RunState>(parts[1]));
        })).ToDictionary(e => e.Item1, e => e.To);

        foreach (var state in Enum.GetValues<RunState>())
        {
            foreach (var trigger in Enum.GetValues<RunTrigger>())
            {
                var next = RunStateMachine.Next(state, trigger);
                if (expected.TryGetValue((state, trigger), out var to))
                {
                    Assert.True(next.Allowed && next.To == to, $"{state} --{trigger}--> {next.To}, expected {to}.");
                }
                else
                {
                    Assert.False(next.Allowed, $"{state} --{trigger}--> {next.To} should be refused.");
                    Assert.Equal(state, next.To);
                    Assert.NotEmpty(next.Refusal!);
                }
            }
        }
    }

    [Fact]
    public void From_every_state_that_holds_a_process_its_death_leads_to_one_that_does_not()
    {
        foreach (var state in Enum.GetValues<RunState>().Where(s => s.IsActive()))
        {
            Assert.False(RunStateMachine.Next(state, RunTrigger.ProcessGone).To.IsActive());
        }
    }

    [Theory]
    [InlineData(RunState.Finished, RunTrigger.Stop, "finished")]
    [InlineData(RunState.Failed, RunTrigger.Resume, "retry")]
    [InlineData(RunState.Paused, RunTrigger.Retry, "resume")]
    public void A_refusal_says_what_to_do_instead(RunState state, RunTrigger trigger, string word) =>
        Assert.Contains(word, RunStateMachine.Next(state, trigger).Refusal);
}
