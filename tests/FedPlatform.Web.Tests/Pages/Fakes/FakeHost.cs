using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Scheduling;

namespace FedPlatform.Web.Tests.Pages.Fakes;

public sealed class FakeActor(TeamRole role = TeamRole.Owner) : ICurrentActor
{
    public Task<Actor> Get(CancellationToken cancellationToken) =>
        Task.FromResult(new Actor(Guid.Parse("00000000-0000-0000-0000-000000000001"), "Ada Lovelace", Guid.Parse("00000000-0000-0000-0000-000000000002"), "Lab", role));
}

public sealed class FakeDevices(FakeRuns runs) : IDeviceService
{
    public Task<DeviceOverview> Overview(CancellationToken cancellationToken)
    {
        SlotHolder[] holders = [.. runs.Rows.Where(r => r.Summary.State.IsActive()).Select((r, i) => new SlotHolder(r, 4100 + i, 412_000_000, SampleRuns.Now.AddSeconds(40)))];
        RunRow[] queue = [.. runs.Rows.Where(r => r.Summary.State == RunState.Queued)];
        return Task.FromResult(new DeviceOverview(
            [new DeviceSlots("cpu", "CPU, 2 cores", 2, holders)],
            queue,
            new HostLoad(2, 0.83, 9_100_000_000, 25_000_000_000, 41_000_000_000)));
    }
}

public sealed class FakeTokens : ITokenService
{
    private readonly List<TokenInfo> tokens = [];

    public Task<IReadOnlyList<TokenInfo>> List(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<TokenInfo>>([.. tokens]);

    public Task<NewToken> Create(string name, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        var info = new TokenInfo(Guid.NewGuid(), name, SampleRuns.Now, expiresAt, null);
        tokens.Add(info);
        return Task.FromResult(new NewToken(info, "fp_secret-" + tokens.Count));
    }

    public Task<bool> Revoke(Guid id, CancellationToken cancellationToken) => Task.FromResult(tokens.RemoveAll(t => t.Id == id) > 0);
}
