namespace FedPlatform.Agent.Attached;

/// <summary>How a run's process reaches the web host that holds its lease.</summary>
public sealed record AttachedOptions
{
    public required Uri Server { get; init; }
    public required Guid Run { get; init; }

    /// <summary>Epoch of the lease; every write carries it.</summary>
    public required long Epoch { get; init; }

    /// <summary>The lease's bearer token.</summary>
    public required string Token { get; init; }

    /// <summary>The run's folder, shared with the web host.</summary>
    public required string Folder { get; init; }

    /// <summary>Without a renewal for this long the lease has run out and someone else may hold the run.</summary>
    public TimeSpan LeaseLifetime { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>First pause before a request is repeated; doubles up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Longest wait for one answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two batches of log lines; progress goes at the pace of <see cref="ProgressPause"/>.</summary>
    public TimeSpan LogPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>At most five a second.</summary>
    public TimeSpan ProgressPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a fenced round loop may take to notice before the process ends without it.</summary>
    public TimeSpan FencedGrace { get; init; } = TimeSpan.FromSeconds(5);
}
