using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Components.Live;

/// <summary>What a batch of events changed.</summary>
/// <param name="Rounds">Newly committed rounds, ascending, each once.</param>
public sealed record RunChange(IReadOnlyList<RoundReport> Rounds, bool StateChanged, bool LogChanged, bool ProgressChanged);

/// <summary>
/// The one live view of a run on a page: snapshot first, then the feed from the snapshot's sequence, fanned out to the
/// page's components through <see cref="Changed"/>. Handlers run off the circuit's dispatcher: they use InvokeAsync.
/// </summary>
public sealed class RunLive(Guid id, IRunService runs, IRunFeed feed, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private const int LogLines = 500;

    private readonly List<RoundReport> rounds = [];
    private readonly List<LogLine> log = [];
    private readonly CancellationTokenSource stop = new();
    private ThrottledFeed? events;

    public Guid Id { get; } = id;

    public RunDetail Detail { get; private set; } = null!;

    public RunSummary Summary => Detail.Row.Summary;

    /// <summary>Every committed round, ascending; only what the curves draw.</summary>
    public IReadOnlyList<RoundReport> Rounds => rounds;

    /// <summary>The newest evaluated round with its classes and clients; null before the first.</summary>
    public RoundReport? Latest { get; private set; }

    /// <summary>The evaluated round before <see cref="Latest"/>, for differences.</summary>
    public RoundReport? Before => rounds.LastOrDefault(r => r.Gm is not null && r.Round < (Latest?.Round ?? int.MaxValue));

    /// <summary>Who holds what; null until the run's process has made it.</summary>
    public PartitionReport? Partition { get; private set; }

    public RoundProgress? Progress { get; private set; }

    public IReadOnlyList<LogLine> Log => log;

    public event Func<RunChange, Task>? Changed;

    /// <summary>Expected rest from the median of the last rounds; null when nothing is being trained.</summary>
    public TimeSpan? Eta
    {
        get
        {
            if (Summary.State is not (RunState.Running or RunState.Starting) || rounds.Count == 0)
            {
                return null;
            }

            return TimeSpan.FromSeconds(SecondsPerRound!.Value * Math.Max(0, Summary.Rounds - Summary.Round));
        }
    }

    /// <summary>Median seconds of the last nine rounds.</summary>
    public double? SecondsPerRound
    {
        get
        {
            double[] last = [.. rounds.TakeLast(9).Select(r => r.Seconds).Order()];
            return last.Length == 0 ? null : last[last.Length / 2];
        }
    }

    /// <summary>Reads the snapshot and subscribes; false when there is no such run for this actor.</summary>
    public async Task<bool> Open(CancellationToken cancellationToken)
    {
        if (await runs.Find(Id, cancellationToken) is not { } detail)
        {
            return false;
        }

        Detail = detail;
        rounds.AddRange(await runs.Rounds(Id, 0, RoundContent.Curves, cancellationToken) ?? []);
        log.AddRange(await runs.Log(Id, LogLines, cancellationToken) ?? []);
        Latest = await runs.LastEvaluated(Id, cancellationToken);
        Partition = await runs.Partition(Id, cancellationToken);
        events = new ThrottledFeed((after, ct) => feed.Subscribe(Id, after, ct), Take, time, logger);
        events.Start(detail.Sequence);
        return true;
    }

    /// <summary>Reads state and numbers again, after a command.</summary>
    public async Task Refresh(CancellationToken cancellationToken)
    {
        if (await runs.Find(Id, cancellationToken) is { } detail)
        {
            Detail = detail;
            await Tell(new RunChange([], true, false, false));
        }
    }

    private async Task Take(IReadOnlyList<RunEvent> batch)
    {
        var fresh = new List<RoundReport>();
        bool state = false, logged = false, progressed = false;
        foreach (RunEvent e in batch)
        {
            switch (e)
            {
                case { Round: { } report } when report.Round > (rounds.Count == 0 ? 0 : rounds[^1].Round):
                    Latest = report.PerClass.Count > 0 ? report : Latest;
                    // Kept for the session: only what the curves draw.
                    RoundReport slim = report with { PerClass = [], PerClassClassifier = [], Confusion = [], Clients = [] };
                    rounds.Add(slim);
                    fresh.Add(slim);
                    Detail = Detail with { Row = Detail.Row with { Summary = Detail.Row.Summary.With(report, null) } };
                    Progress = null;
                    break;
                case { Log: { } line } when log.Count == 0 || line.At > log[^1].At || (line.At == log[^1].At && line != log[^1]):
                    log.Add(line);
                    logged = true;
                    break;
                case { Progress: { } progress }:
                    Progress = progress;
                    progressed = true;
                    break;
                case { State: not null }:
                    state = true;
                    break;
            }
        }

        if (log.Count > 2 * LogLines)
        {
            log.RemoveRange(0, log.Count - LogLines);
        }

        if (state && await runs.Find(Id, stop.Token) is { } detail)
        {
            // Numbers of a newer snapshot never go back behind rounds that were already shown.
            Detail = detail.Row.Summary.Round >= Summary.Round
                ? detail
                : detail with { Row = detail.Row with { Summary = Summary with { State = detail.Row.Summary.State, Reason = detail.Row.Summary.Reason } } };
            Progress = detail.Row.Summary.State is RunState.Running or RunState.Pausing ? Progress : null;
        }

        // A feed that carries curves only: the classes and clients are read once a batch.
        if (fresh.Count > 0 && fresh[^1].Gm is not null && Latest?.Round != fresh[^1].Round)
        {
            Latest = await runs.LastEvaluated(Id, stop.Token) ?? Latest;
        }

        if (Partition is null && (fresh.Count > 0 || state))
        {
            Partition = await runs.Partition(Id, stop.Token);
        }

        await Tell(new RunChange(fresh, state, logged, progressed));
    }

    private async Task Tell(RunChange change)
    {
        foreach (Func<RunChange, Task> handler in Changed?.GetInvocationList().Cast<Func<RunChange, Task>>() ?? [])
        {
            await handler(change);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (events is not null)
        {
            await events.DisposeAsync();
        }

        stop.Dispose();
    }
}
