using System.Text;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Tests.Pages.Fakes;

/// <summary>Runs in memory.</summary>
public sealed class FakeRuns(FakeFeed feed) : IRunService
{
    private readonly Lock gate = new();
    private readonly List<Entry> entries = [];

    public List<RunFilter> Filters { get; } = [];
    public List<(Guid Id, RunCommand Command)> Commands { get; } = [];
    public List<(RunSpec Spec, Guid? Parent)> Created { get; } = [];
    public Exception? Broken { get; set; }

    public Guid Add(RunSpec spec, RunState state, int round, string? reason = null, PartitionReport? data = null, Guid? parent = null, TimeSpan? age = null)
    {
        data ??= SampleRuns.Partition(spec.Partition.Clients);
        var summary = new RunSummary { State = state, Round = 0, Rounds = spec.Rounds };
        var rounds = new List<RoundReport>();
        for (int n = 1; n <= round; n++)
        {
            rounds.Add(SampleRuns.Round(spec, data, n));
            summary = summary.With(rounds[^1], null);
        }

        DateTimeOffset created = SampleRuns.Now - (age ?? TimeSpan.FromMinutes(10));
        var row = new RunRow
        {
            Id = Guid.NewGuid(),
            Name = spec.Name,
            Summary = summary with { State = state, Reason = reason },
            Algorithm = spec.Algorithm.Name,
            Dataset = spec.Dataset,
            Model = spec.Model,
            ImbalanceFactor = spec.LongTail.ImbalanceFactor,
            Alpha = spec.Partition.Alpha,
            Clients = spec.Partition.Clients,
            Device = spec.Device,
            Owner = "Ada",
            CreatedAt = created,
            StartedAt = round > 0 ? created.AddSeconds(5) : null,
            EndedAt = state.IsTerminal() ? created.AddSeconds(10 + summary.Seconds) : null,
            Eta = state == RunState.Running ? TimeSpan.FromSeconds(1.7 * (spec.Rounds - round)) : null,
            QueuePosition = state == RunState.Queued ? 1 : null,
        };
        lock (gate)
        {
            entries.Add(new Entry(row, spec, data, rounds, parent));
        }

        return row.Id;
    }

    /// <summary>Commits one more round and tells the feed.</summary>
    public RoundReport Commit(Guid id)
    {
        Entry entry = Get(id)!;
        RoundReport report = SampleRuns.Round(entry.Spec, entry.Data, entry.Rounds.Count + 1);
        lock (gate)
        {
            entry.Rounds.Add(report);
            entry.Row = entry.Row with { Summary = entry.Row.Summary.With(report, null), Eta = TimeSpan.FromSeconds(1.7 * (entry.Spec.Rounds - report.Round)), StartedAt = entry.Row.StartedAt ?? DateTimeOffset.UtcNow };
            entry.Sequence++;
        }

        feed.Push(new RunEvent { RunId = id, Sequence = entry.Sequence, Kind = RunEventKind.Round, At = SampleRuns.Now, Round = report });
        return report;
    }

    public void Set(Guid id, RunState state, string? reason = null)
    {
        Entry entry = Get(id)!;
        entry.Row = entry.Row with { Summary = entry.Row.Summary with { State = state, Reason = reason } };
        entry.Sequence++;
        feed.Push(new RunEvent { RunId = id, Sequence = entry.Sequence, Kind = RunEventKind.State, At = SampleRuns.Now, State = new StateChange { State = state, Reason = reason } });
    }

    public void Say(Guid id, string text, string level = "info", DateTimeOffset? at = null)
    {
        Entry entry = Get(id)!;
        var line = new LogLine { At = at ?? SampleRuns.Now.AddMilliseconds(entry.Log.Count), Level = level, Text = text };
        entry.Log.Add(line);
        entry.Sequence++;
        feed.Push(new RunEvent { RunId = id, Sequence = entry.Sequence, Kind = RunEventKind.Log, At = line.At, Log = line });
    }

    public Task<RunPage> List(RunFilter filter, CancellationToken cancellationToken)
    {
        if (Broken is not null)
        {
            return Task.FromException<RunPage>(Broken);
        }

        lock (gate)
        {
            Filters.Add(filter);
            RunRow[] all = [.. entries.Select(e => e.Row)
                .Where(r => filter.Search is null || r.Name.Contains(filter.Search, StringComparison.OrdinalIgnoreCase))
                .Where(r => filter.State is null || r.Summary.State == filter.State)
                .Where(r => filter.Algorithm is null || r.Algorithm == filter.Algorithm)
                .Where(r => filter.Dataset is null || r.Dataset == filter.Dataset)];
            IEnumerable<RunRow> sorted = filter.Sort.TrimStart('-') switch
            {
                "name" => all.OrderBy(r => r.Name),
                "gm" => all.OrderBy(r => r.Summary.Gm.Last),
                "pm" => all.OrderBy(r => r.Summary.Pm.Last),
                "tail" => all.OrderBy(r => r.Summary.Groups?.Tail),
                "state" => all.OrderBy(r => r.Summary.State),
                "round" => all.OrderBy(r => r.Summary.Round),
                _ => all.OrderBy(r => r.CreatedAt),
            };
            sorted = filter.Sort.StartsWith('-') ? sorted.Reverse() : sorted;
            return Task.FromResult(new RunPage([.. sorted.Skip(filter.Skip).Take(filter.Take)], all.Length));
        }
    }

    public Task<RunDetail?> Find(Guid id, CancellationToken cancellationToken) => Task.FromResult(Get(id) is { } e
        ? new RunDetail { Row = e.Row, Spec = e.Spec, Sequence = e.Sequence, Parent = e.Parent, Attempts = 1 }
        : null);

    public Task<IReadOnlyList<RoundReport>?> Rounds(Guid id, int after, RoundContent content, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<RoundReport>?>(Get(id)?.Rounds.Where(r => r.Round > after).ToArray());
        }
    }

    public Task<RoundReport?> LastEvaluated(Guid id, CancellationToken cancellationToken) => Task.FromResult(Get(id)?.Rounds.LastOrDefault());

    public Task<PartitionReport?> Partition(Guid id, CancellationToken cancellationToken) => Task.FromResult(Get(id) is { Rounds.Count: > 0 } e ? e.Data : null);

    public Task<ClientHistory?> Client(Guid id, int clientId, CancellationToken cancellationToken)
    {
        if (Get(id) is not { } e || clientId < 0 || clientId >= e.Data.ClientSizes.Count)
        {
            return Task.FromResult<ClientHistory?>(null);
        }

        RoundReport[] rounds = [.. e.Rounds];
        return Task.FromResult<ClientHistory?>(new ClientHistory
        {
            Id = clientId,
            Samples = e.Data.ClientSizes[clientId],
            Rounds = [.. rounds.Select(r => r.Round)],
            Reports = [.. rounds.Select(r => r.Clients[clientId])],
            MeanPm = [.. rounds.Select(r => r.Pm)],
            LowPm = [.. rounds.Select(r => r.Clients.Select(c => c.Pm).Order().ElementAt(r.Clients.Count / 10))],
            HighPm = [.. rounds.Select(r => r.Clients.Select(c => c.Pm).OrderDescending().ElementAt(r.Clients.Count / 10))],
            MeanPerClass = [.. Enumerable.Range(0, e.Data.ClassNames.Count).Select(c => rounds.LastOrDefault()?.Clients.Select(r => r.PerClass[c]).Average())],
        });
    }

    public Task<IReadOnlyList<LogLine>?> Log(Guid id, int lines, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<LogLine>?>(Get(id)?.Log.TakeLast(lines).ToArray());

    public Task<IReadOnlyList<Artifact>?> Artifacts(Guid id, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<Artifact>?>(Get(id) is not { } e
        ? null
        : e.Rounds.Count == 0 ? [] : [
            new Artifact("a1", $"checkpoint-{e.Rounds.Count:000000}.safetensors", "checkpoint", 1_234_567, new string('a', 64), e.Rounds.Count, SampleRuns.Now),
            new Artifact("a2", "partition.json", "partition", 4_321, new string('b', 64), null, SampleRuns.Now)]);

    public Task<ArtifactContent?> OpenArtifact(Guid runId, string artifactId, CancellationToken cancellationToken) =>
        Task.FromResult<ArtifactContent?>(new ArtifactContent(new MemoryStream(Encoding.UTF8.GetBytes("{}")), "partition.json", "application/json"));

    public Task<RunCreation> Create(RunSpec spec, Guid? parent, CancellationToken cancellationToken)
    {
        IReadOnlyList<SpecProblem> problems = RunSpecValidator.Validate(spec, info: null);
        if (problems.Count > 0)
        {
            return Task.FromResult(new RunCreation(null, problems));
        }

        Created.Add((spec, parent));
        return Task.FromResult(new RunCreation(Add(spec, RunState.Queued, 0, parent: parent, age: TimeSpan.Zero), []));
    }

    public Task<CommandOutcome> Command(Guid id, RunCommand command, CancellationToken cancellationToken)
    {
        if (Get(id) is null)
        {
            return Task.FromResult(CommandOutcome.NotFound);
        }

        Commands.Add((id, command));
        Set(id, command switch { RunCommand.Stop => RunState.Stopped, RunCommand.Pause => RunState.Paused, _ => RunState.Queued });
        return Task.FromResult(CommandOutcome.Done);
    }

    public IReadOnlyList<RunRow> Rows
    {
        get
        {
            lock (gate)
            {
                return [.. entries.Select(e => e.Row)];
            }
        }
    }

    private Entry? Get(Guid id)
    {
        lock (gate)
        {
            return entries.FirstOrDefault(e => e.Row.Id == id);
        }
    }

    private sealed class Entry(RunRow row, RunSpec spec, PartitionReport data, List<RoundReport> rounds, Guid? parent)
    {
        public RunRow Row { get; set; } = row;
        public RunSpec Spec { get; } = spec;
        public PartitionReport Data { get; } = data;
        public List<RoundReport> Rounds { get; } = rounds;
        public List<LogLine> Log { get; } = [];
        public Guid? Parent { get; } = parent;
        public long Sequence { get; set; } = rounds.Count;
    }
}
