using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;

namespace FedPlatform.Web.Realtime;

public static class RealtimeServices
{
    public static WebApplicationBuilder AddRealtime(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<RunFeed>();
        services.AddSingleton<IRunFeed>(p => p.GetRequiredService<RunFeed>());
        services.AddSignalR()
            .AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions))
            .AddMessagePackProtocol();
        return builder;
    }

    public static void MapHubs(this IEndpointRouteBuilder endpoints)
    {
        // A token is checked when a connection opens: it ends with the token.
        endpoints.MapHub<RunHub>("/hubs/runs", options => options.CloseOnAuthenticationExpiration = true);
        endpoints.MapHub<AgentHub>(AgentProtocol.HubPath);
    }
}
