using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FedPlatform.Contracts.Live;
using FedPlatform.Web.Realtime;

namespace FedPlatform.Web.Tests.Pages.Fakes;

/// <summary>A feed whose events are pushed by the test.</summary>
public sealed class FakeFeed : IRunFeed
{
    private readonly Lock gate = new();
    private readonly List<(Guid? Run, Channel<RunEvent> Channel)> readers = [];

    public int Readers
    {
        get
        {
            lock (gate)
            {
                return readers.Count;
            }
        }
    }

    public List<long> After { get; } = [];

    public void Push(RunEvent e)
    {
        lock (gate)
        {
            foreach (var (run, channel) in readers)
            {
                if (run is null || run == e.RunId)
                {
                    channel.Writer.TryWrite(e);
                }
            }
        }
    }

    public IAsyncEnumerable<RunEvent> Subscribe(Guid runId, long after, CancellationToken cancellationToken)
    {
        After.Add(after);
        return Read(runId, cancellationToken);
    }

    public IAsyncEnumerable<RunEvent> SubscribeTeam(Guid teamId, CancellationToken cancellationToken) => Read(null, cancellationToken);

    private async IAsyncEnumerable<RunEvent> Read(Guid? run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<RunEvent>();
        lock (gate)
        {
            readers.Add((run, channel));
        }

        try
        {
            await foreach (RunEvent e in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return e;
            }
        }
        finally
        {
            lock (gate)
            {
                readers.Remove((run, channel));
            }
        }
    }
}
