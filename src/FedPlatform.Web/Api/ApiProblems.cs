using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Persistence;
using Microsoft.AspNetCore.Diagnostics;

namespace FedPlatform.Web.Api;

/// <summary>Every error of the API is a ProblemDetails.</summary>
internal static class ApiProblems
{
    public static IResult NotFound(string what = "run") =>
        Results.Problem($"There is no such {what}.", statusCode: StatusCodes.Status404NotFound);

    /// <summary>400 with <c>errors</c>: field → messages, all at once.</summary>
    public static IResult Invalid(IReadOnlyList<SpecProblem> problems) => Results.ValidationProblem(
        problems.GroupBy(p => p.Field.Length == 0 ? "spec" : p.Field).ToDictionary(g => g.Key, g => g.Select(p => p.Message).ToArray()),
        detail: string.Join(" ", problems.Select(p => p.Message)),
        title: "The spec does not hold.");

    public static void UseApiProblems(this IApplicationBuilder app) => app.UseWhen(
        context => context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || context.Request.Path.StartsWithSegments("/agent", StringComparison.Ordinal),
        api =>
        {
            api.UseExceptionHandler(errors => errors.Run(async context =>
            {
                var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
                var (status, detail) = error switch
                {
                    BadHttpRequestException bad => (bad.StatusCode, bad.InnerException?.Message ?? bad.Message),
                    UnauthorizedAccessException denied => (StatusCodes.Status403Forbidden, denied.Message),
                    { } full when DiskFull.Is(full) => (StatusCodes.Status507InsufficientStorage, "The server's disk is full."),
                    OperationCanceledException => (StatusCodes.Status499ClientClosedRequest, "The request was cancelled."),
                    _ => (StatusCodes.Status500InternalServerError, "The server failed; its log says why."),
                };
                await Results.Problem(detail, statusCode: status).ExecuteAsync(context);
            }));
            api.UseStatusCodePages(async pages =>
            {
                var status = pages.HttpContext.Response.StatusCode;
                await Results.Problem(
                    status switch
                    {
                        StatusCodes.Status401Unauthorized => "A bearer token is needed: 'Authorization: Bearer …'. It is unknown, revoked, expired or missing.",
                        StatusCodes.Status404NotFound => "There is no such address.",
                        StatusCodes.Status405MethodNotAllowed => "This address does not take that method.",
                        StatusCodes.Status415UnsupportedMediaType => "Send application/json or application/yaml.",
                        _ => null,
                    },
                    statusCode: status).ExecuteAsync(pages.HttpContext);
            });
        });
}
