<?php
// A contact's subscriptions with PHP and its curl extension. Needs SAYSO_URL and SAYSO_TOKEN in the environment.

declare(strict_types=1);

/** The body of the answer, which must have that status. */
function call(string $method, string $path, ?array $body = null, int $status = 200, ?string $token = null): array
{
    $token ??= getenv('SAYSO_TOKEN');
    $request = curl_init(getenv('SAYSO_URL') . $path);
    curl_setopt_array($request, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => ["Authorization: Bearer $token", 'Content-Type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
    ]);
    if ($body !== null) {
        curl_setopt($request, CURLOPT_POSTFIELDS, json_encode($body));
    }
    $text = curl_exec($request);
    $got = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    if ($got !== $status) {
        fail("$method $path: expected $status, got $got $text" . curl_error($request));
    }
    return json_decode($text, true);
}

function fail(string $message): never
{
    fwrite(STDERR, "$message\n");
    exit(1);
}

function live(array $types, string $consentType): string
{
    foreach ($types['data'] as $type) {
        if ($type['state'] === 'live' && $type['consent_type'] === $consentType) {
            return $type['id'];
        }
    }
    fail("no live $consentType type");
}

function attached(string $subscriptions, array $wanted): string
{
    $ids = array_column(call('GET', $subscriptions)['data'], 'id');
    if ($ids !== $wanted) {
        fail('expected ' . json_encode($wanted) . ', got ' . json_encode($ids));
    }
    return implode(' ', $ids);
}

$types = call('GET', '/subscription_types');
$optIn = live($types, 'opt_in');
$optOut = live($types, 'opt_out');
echo 'types: ' . count($types['data']) . "\n";

$contact = call('POST', '/contacts', ['email' => uniqid('php-') . '@example.com']);
$subscriptions = "/contacts/{$contact['id']}/subscriptions";
echo "created: {$contact['role']}\n";

// Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
call('POST', $subscriptions, ['id' => $optIn, 'consent_type' => 'opt_in']);
call('POST', $subscriptions, ['id' => $optOut, 'consent_type' => 'opt_out']);
echo 'attached: ' . attached($subscriptions, [$optIn, $optOut]) . "\n";

$detached = call('DELETE', "$subscriptions/$optIn");
echo "detached: {$detached['id']}\n";
echo 'attached: ' . attached($subscriptions, [$optOut]) . "\n";

$error = call('GET', '/contacts/000000000000000000000000/subscriptions', status: 404)['errors'][0];
echo "not found: {$error['code']} {$error['message']}\n";
$error = call('GET', '/subscription_types', status: 401, token: 'wrong-token')['errors'][0];
echo "unauthorized: {$error['code']} {$error['message']}\n";
