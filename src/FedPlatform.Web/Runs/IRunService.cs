using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Web.Runs;

/// <summary>
/// Everything pages and REST do with runs. Every method acts for the current actor and its team: a run of another team is
/// as unknown as one that does not exist (null, or <see cref="CommandOutcome.NotFound"/>).
/// </summary>
public interface IRunService
{
    Task<RunPage> List(RunFilter filter, CancellationToken cancellationToken);

    Task<RunDetail?> Find(Guid id, CancellationToken cancellationToken);

    /// <summary>Committed rounds above <paramref name="after"/>, ascending; the curves' numbers only, or everything.</summary>
    Task<IReadOnlyList<RoundReport>?> Rounds(Guid id, int after, RoundContent content, CancellationToken cancellationToken);

    /// <summary>The newest round that was evaluated, whole; null before the first.</summary>
    Task<RoundReport?> LastEvaluated(Guid id, CancellationToken cancellationToken);

    /// <summary>Null until the run's process has made it.</summary>
    Task<PartitionReport?> Partition(Guid id, CancellationToken cancellationToken);

    /// <summary>One client's reports over the rounds, with the cohort's 10–90 % band of PM.</summary>
    Task<ClientHistory?> Client(Guid id, int clientId, CancellationToken cancellationToken);

    /// <summary>The last lines, oldest first.</summary>
    Task<IReadOnlyList<LogLine>?> Log(Guid id, int lines, CancellationToken cancellationToken);

    Task<IReadOnlyList<Artifact>?> Artifacts(Guid id, CancellationToken cancellationToken);

    /// <summary>Opens an artifact for reading; null for an unknown id.</summary>
    Task<ArtifactContent?> OpenArtifact(Guid runId, string artifactId, CancellationToken cancellationToken);

    /// <summary>Validates against the registered data set and queues; or says every problem at once.</summary>
    Task<RunCreation> Create(RunSpec spec, Guid? parent, CancellationToken cancellationToken);

    Task<CommandOutcome> Command(Guid id, RunCommand command, CancellationToken cancellationToken);
}

public enum RunCommand
{
    Stop,
    Pause,
    Resume,
    Retry,
}

public enum RoundContent
{
    /// <summary>GM, PM, loss, groups, seconds: what the curves draw.</summary>
    Curves,

    /// <summary>Also per class, confusion and per client.</summary>
    Full,
}

/// <summary>What the list shows; every property has a place in the page's address.</summary>
public sealed record RunFilter
{
    public string? Search { get; init; }
    public RunState? State { get; init; }
    public string? Algorithm { get; init; }
    public string? Dataset { get; init; }

    /// <summary><c>created</c>, <c>name</c>, <c>state</c>, <c>gm</c>, <c>pm</c>, <c>tail</c>, <c>round</c>; a leading minus reverses.</summary>
    public string Sort { get; init; } = "-created";

    public int Skip { get; init; }
    public int Take { get; init; } = 50;
}

public sealed record RunPage(IReadOnlyList<RunRow> Rows, int Total);

/// <summary>One line of the list.</summary>
public sealed record RunRow
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required RunSummary Summary { get; init; }
    public required string Algorithm { get; init; }
    public required string Dataset { get; init; }
    public required string Model { get; init; }
    public required double ImbalanceFactor { get; init; }
    public required double Alpha { get; init; }
    public required int Clients { get; init; }
    public required string Device { get; init; }
    public required string Owner { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Expected rest, from the median of the last rounds; null when not running.</summary>
    public TimeSpan? Eta { get; init; }

    /// <summary>1-based place among the queued runs of its device.</summary>
    public int? QueuePosition { get; init; }
}

public sealed record RunDetail
{
    public required RunRow Row { get; init; }
    public required RunSpec Spec { get; init; }

    /// <summary>Sequence of the newest stored event: subscribe from here after reading.</summary>
    public required long Sequence { get; init; }

    /// <summary>The run this one was cloned from.</summary>
    public Guid? Parent { get; init; }

    /// <summary>Times the run's process was started.</summary>
    public int Attempts { get; init; }
}

public sealed record ClientHistory
{
    public required int Id { get; init; }
    public required int Samples { get; init; }

    /// <summary>Rounds that have a report of this client.</summary>
    public required IReadOnlyList<int> Rounds { get; init; }

    public required IReadOnlyList<ClientReport> Reports { get; init; }

    /// <summary>Over all clients, per round: mean, 10 % and 90 % quantile of PM.</summary>
    public required IReadOnlyList<double?> MeanPm { get; init; }

    public required IReadOnlyList<double?> LowPm { get; init; }

    public required IReadOnlyList<double?> HighPm { get; init; }

    /// <summary>[C] mean personalised accuracy a class over the clients that test it, last evaluated round.</summary>
    public required IReadOnlyList<double?> MeanPerClass { get; init; }
}

/// <summary>A file people may download, addressed by an opaque id.</summary>
public sealed record Artifact(string Id, string Name, string Kind, long Bytes, string? Sha256, int? Round, DateTimeOffset CreatedAt);

public sealed record ArtifactContent(Stream Stream, string Name, string ContentType);

/// <summary>Either an id or the problems.</summary>
public sealed record RunCreation(Guid? Id, IReadOnlyList<SpecProblem> Problems);

public sealed record CommandOutcome(CommandResult Result, string? Message = null)
{
    public static CommandOutcome NotFound { get; } = new(CommandResult.NotFound);
    public static CommandOutcome Done { get; } = new(CommandResult.Done);
}

public enum CommandResult
{
    Done,
    NotFound,

    /// <summary>The run's state does not allow it; the message says why.</summary>
    Refused,
}
