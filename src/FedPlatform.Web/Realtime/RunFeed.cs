using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data;
using FedPlatform.Data.Queries;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Realtime;

/// <summary>
/// Register first, then what is stored, then live. Each subscriber has a small buffer: stored events that do not fit are
/// dropped from it and read from the database by their sequence; of progress events only the newest is kept.
/// </summary>
public sealed class RunFeed(IDbContextFactory<PlatformContext> contexts) : IRunFeed
{
    private const int BufferedEvents = 128;
    private const int ReadAtOnce = 200;
    private const int TeamEvents = 1024;

    private readonly ConcurrentDictionary<Guid, Listeners<RunSubscriber>> _runs = new();
    private readonly ConcurrentDictionary<Guid, Listeners<Channel<RunEvent>>> _teams = new();

    /// <summary>Called by the writer after the transaction, in order of sequence; and for progress, at any time.</summary>
    public void Publish(Guid team, RunEvent e)
    {
        if (_runs.TryGetValue(e.RunId, out var subscribers))
        {
            foreach (var subscriber in subscribers.Snapshot())
            {
                subscriber.Offer(e);
            }
        }

        if (e.Kind != RunEventKind.Log && _teams.TryGetValue(team, out var lists))
        {
            var light = e.Round is { } round ? e with { Round = CurvesOf(round) } : e;
            foreach (var list in lists.Snapshot())
            {
                list.Writer.TryWrite(light);
            }
        }
    }

    public async IAsyncEnumerable<RunEvent> Subscribe(Guid runId, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var subscriber = new RunSubscriber(BufferedEvents);
        var listeners = _runs.GetOrAdd(runId, _ => new Listeners<RunSubscriber>());
        listeners.Add(subscriber);
        try
        {
            var last = after;
            await foreach (var e in Stored(runId, last, long.MaxValue, cancellationToken))
            {
                last = e.Sequence;
                yield return e;
            }

            while (true)
            {
                await subscriber.Wait(cancellationToken);
                var (events, newest, progress) = subscriber.Take();
                foreach (var e in events)
                {
                    if (e.Sequence <= last)
                    {
                        continue;
                    }

                    if (e.Sequence > last + 1)
                    {
                        await foreach (var missed in Stored(runId, last, e.Sequence - 1, cancellationToken))
                        {
                            last = missed.Sequence;
                            yield return missed;
                        }
                    }

                    last = e.Sequence;
                    yield return e;
                }

                if (newest > last)
                {
                    await foreach (var missed in Stored(runId, last, newest, cancellationToken))
                    {
                        last = missed.Sequence;
                        yield return missed;
                    }
                }

                if (progress is not null)
                {
                    yield return progress with { Sequence = last };
                }
            }
        }
        finally
        {
            listeners.Remove(subscriber);
        }
    }

    public async IAsyncEnumerable<RunEvent> SubscribeTeam(Guid teamId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<RunEvent>(new BoundedChannelOptions(TeamEvents) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        var listeners = _teams.GetOrAdd(teamId, _ => new Listeners<Channel<RunEvent>>());
        listeners.Add(channel);
        try
        {
            await foreach (var e in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return e;
            }
        }
        finally
        {
            listeners.Remove(channel);
        }
    }

    /// <summary>A round without its arrays.</summary>
    internal static RoundReport CurvesOf(RoundReport round) => round with
    {
        PerClass = [],
        PerClassClassifier = [],
        Confusion = [],
        Clients = [],
        PmVariants = new Dictionary<string, double>(),
        GroupsByRule = new Dictionary<string, GroupAccuracy>(),
    };

    private async IAsyncEnumerable<RunEvent> Stored(Guid runId, long after, long upTo, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (after < upTo)
        {
            IReadOnlyList<RunEvent> page;
            await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
            {
                page = await db.StoredEvents(runId, after, upTo, ReadAtOnce, cancellationToken);
            }

            foreach (var e in page)
            {
                after = e.Sequence;
                yield return e;
            }

            if (page.Count < ReadAtOnce)
            {
                yield break;
            }
        }
    }

    /// <summary>A set that is read far more often than it changes.</summary>
    private sealed class Listeners<T>
        where T : class
    {
        private readonly Lock _gate = new();
        private T[] _all = [];

        public T[] Snapshot() => Volatile.Read(ref _all);

        public void Add(T listener)
        {
            lock (_gate)
            {
                Volatile.Write(ref _all, [.. _all, listener]);
            }
        }

        public void Remove(T listener)
        {
            lock (_gate)
            {
                Volatile.Write(ref _all, [.. _all.Where(l => !ReferenceEquals(l, listener))]);
            }
        }
    }

    private sealed class RunSubscriber(int capacity)
    {
        private readonly Lock _gate = new();
        private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private List<RunEvent> _events = [];
        private RunEvent? _progress;
        private long _newest;

        public void Offer(RunEvent e)
        {
            lock (_gate)
            {
                if (e.Kind == RunEventKind.Progress)
                {
                    _progress = e;
                }
                else
                {
                    _newest = Math.Max(_newest, e.Sequence);

                    // Full: the reader is behind and takes the rest from the database.
                    if (_events.Count < capacity)
                    {
                        _events.Add(e);
                    }
                }
            }

            _signal.Writer.TryWrite(true);
        }

        public async ValueTask Wait(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

        public (List<RunEvent> Events, long Newest, RunEvent? Progress) Take()
        {
            lock (_gate)
            {
                var taken = (_events, _newest, _progress);
                (_events, _progress) = ([], null);
                return taken;
            }
        }
    }
}
