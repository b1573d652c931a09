using System.Runtime.CompilerServices;
using FedPlatform.Contracts.Live;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace FedPlatform.Web.Realtime;

/// <summary><c>/hubs/runs</c>, as <see cref="IRunHub"/> says.</summary>
[Authorize(IdentityServices.ApiPolicy)]
public sealed class RunHub(IServiceScopeFactory scopes, IRunFeed feed) : Hub
{
    /// <inheritdoc cref="IRunHub.Subscribe"/>
    public async IAsyncEnumerable<RunEvent> Subscribe(Guid runId, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A stream outlives the invocation's scope.
        await using (var scope = scopes.CreateAsyncScope())
        {
            scope.ServiceProvider.GetRequiredService<CurrentActor>().Use(Context.User!);
            if (await scope.ServiceProvider.GetRequiredService<IRunService>().Find(runId, cancellationToken) is null)
            {
                throw new HubException("There is no such run.");
            }
        }

        await foreach (var e in feed.Subscribe(runId, after, cancellationToken))
        {
            yield return e;
        }
    }
}
